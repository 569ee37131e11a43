#!/usr/bin/env bash
# Eight recordings through a real Slurm of two nodes on this machine, by Snakemake, with a
# step and the daemon of a node killed midway: the joint map and the mesh must be
# those of `metricslam fleet`, to the byte. Needs root, and Debian's Slurm, which it installs.
source "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || die "needs root: a Slurm of its own is started; run it in a container or a virtual machine"
program=$PWD/bin/metricslam
[ -x "$program" ] || die "there is no bin/metricslam; run make build"
snakefile=$PWD/fleet/Snakefile
export METRICSLAM_ONNXRUNTIME=${METRICSLAM_ONNXRUNTIME:-$cache/onnxruntime}

have slurmctld && have slurmd && have munged || {
  say "installing slurmctld, slurmd, munge (40 MB)"
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends slurmctld slurmd slurm-client munge >"$cache/slurm.log" 2>&1 ||
    die "apt-get failed, see .cache/slurm.log"
}
venv=$cache/snakemake projects=(snakemake==9.27.1 snakemake-executor-plugin-slurm==2.8.0 PyYAML)
if [ "$(cat "$venv/projects" 2>/dev/null)" != "${projects[*]}" ]; then
  say "getting Snakemake into .cache/snakemake"
  rm -rf "$venv"
  python3 -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check "${projects[@]}" || die "could not install Snakemake"
  echo "${projects[*]}" >"$venv/projects"
fi
# By the interpreter: the programs of a virtual environment name the folder where it was made.
snakemake() { "$venv/bin/python" -m snakemake "$@"; }

work=$(mktemp -d)
host=$(hostname -s)
stop() {
  [ -z "${killer:-}" ] || kill "$killer" 2>/dev/null || true
  for pid in "$work"/*.pid; do [ ! -f "$pid" ] || kill "$(cat "$pid")" 2>/dev/null || true; done
  [ -z "${slurm_linked:-}" ] || rm -f /etc/slurm/slurm.conf
  [ -z "${munge_started:-}" ] || pkill --pidfile /run/munge/munged.pid || true
  [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap stop EXIT

list=$work/recordings.yaml
echo "recordings:" >"$list"
for i in 0 1 2 3 4 5 6 7; do
  echo "  - {name: r$i, source: \"synthetic:room:8\", args: [--start, \"$((40 * i))\", --max-frames, \"70\", --depth, \"sim:seed=$((i + 1))\"]}" >>"$list"
done

start_slurm() {
  if ! pgrep -x munged >/dev/null; then
    [ -s /etc/munge/munge.key ] || dd if=/dev/urandom of=/etc/munge/munge.key bs=1 count=1024 status=none
    mkdir -p /run/munge
    chown munge: /run/munge /etc/munge/munge.key
    chmod 400 /etc/munge/munge.key
    su -s /bin/sh munge -c /usr/sbin/munged
    munge_started=yes
  fi
  mkdir -p "$work"/{state,spool/n1,spool/n2,log}
  cat >"$work/slurm.conf" <<EOF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool/%n
SlurmctldLogFile=$work/log/ctld.log
SlurmdLogFile=$work/log/%n.log
SlurmctldPidFile=$work/ctld.pid
SlurmdPidFile=$work/%n.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
MinJobAge=3600
ReturnToService=2
SlurmdTimeout=30
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=17001 CPUs=2 RealMemory=8000 State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=17002 CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
EOF
  # Jobs call srun without the environment of who submitted them: it looks here.
  [ ! -e /etc/slurm/slurm.conf ] || die "this machine has a Slurm of its own (/etc/slurm/slurm.conf)"
  mkdir -p /etc/slurm
  ln -s "$work/slurm.conf" /etc/slurm/slurm.conf
  slurm_linked=yes
  slurmctld
  slurmd -N n1
  slurmd -N n2
  for _ in $(seq 60); do
    [ "$(sinfo -h -t idle -o %D 2>/dev/null)" != 2 ] || return 0
    sleep 1
  done
  sinfo >&2 || true
  die "the two nodes are not idle after a minute: see $work/log (KEEP=1 leaves it)"
}

# on_slurm DIR JOBS: all steps through Slurm, at most JOBS at a time.
on_slurm() {
  snakemake -s "$snakefile" -d "$1" --config list="$list" metricslam="$program" mesh=ply tiles=--edge=6 --executor slurm --jobs "$2" --retries 3 \
    --rerun-incomplete --latency-wait 20 --seconds-between-status-checks 5 --default-resources slurm_partition=main \
    --slurm-no-account --slurm-status-command squeue --slurm-init-seconds-before-status-checks 5 >"$1.log" 2>&1
}

say "embedded: metricslam fleet"
mkdir "$work/embedded"
(cd "$work/embedded" && "$program" fleet --list "$list" -o . --mesh-format ply --tile-edge 6 --quiet) || [ $? -eq 3 ] || die "the embedded run failed"

start_slurm
say "Slurm, with a step and a node killed"
(
  for _ in $(seq 120); do # kill the first step that maps a recording
    sleep 1
    pid=$(pgrep -f "^$program run" | head -1) || continue
    kill -9 "$pid" 2>/dev/null && touch "$work/step-killed" && break
  done
  sleep 10
  kill -9 "$(cat "$work/n2.pid")" && touch "$work/node-killed"
  sleep 45 # SlurmdTimeout and more
  slurmd -N n2
) &
killer=$!
on_slurm "$work/slurm" 4 || { tail -30 "$work/slurm.log" >&2; die "Snakemake failed"; }
wait "$killer" || true
killer=
[ -e "$work/step-killed" ] && [ -e "$work/node-killed" ] || die "nothing was killed: the run was over before"
cmp "$work/embedded/joined.json" "$work/slurm/joined.json" || die "Slurm's joint map is another"
cmp "$work/embedded/mesh.ply" "$work/slurm/mesh.ply" || die "Slurm's mesh is another"
say "the joint map and its mesh are those of the embedded run, to the byte"
