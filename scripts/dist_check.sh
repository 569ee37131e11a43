#!/usr/bin/env bash
# Tries the archive and the Debian package of dist.sh in bare roots of Debian, as
# root: dist_check.sh SUITE... Each maps a synthetic room and a video; the package is
# installed with what it depends on, and removed without a trace.
source "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || die "making a root needs root"
have debootstrap || apt-get -qq install -y --no-install-recommends debootstrap >/dev/null || die "needs debootstrap"
archive=$(echo build/dist/*.tar.gz) package=$(echo build/dist/*.deb)
[ -f "$archive" ] && [ -f "$package" ] || die "run make dist first"
roots=${METRICSLAM_ROOTS:-build/roots}
mkdir -p "$roots"
video=$roots/video.mp4
rm -rf "${roots:?}/room"
bin/metricslam run synthetic:room --max-frames 60 --depth sim -o "$roots/room" --quiet --no-map
bin/metricslam render "$roots/room" -o "$video" --size 640x480 --seconds 3 --fps 20 # any video will do

# inside SUITE SCRIPT: runs it there. The mounts are of a name space of their own and
# go with it, so that nothing of the machine hangs in the root afterwards.
inside() {
  unshare --mount bash -c "mount -t proc proc '$roots/$1/proc' && mount -t tmpfs tmpfs '$roots/$1/dev' && mknod -m 666 '$roots/$1/dev/null' c 1 3 &&
    mknod -m 666 '$roots/$1/dev/urandom' c 1 9 && exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot '$roots/$1' bash -euc '$2'"
}

for suite in "$@"; do
  root=$roots/$suite
  if [ ! -e "$root/done" ]; then
    say "a bare root of $suite"
    rm -rf "$root"
    debootstrap --variant=minbase "$suite" "$root" >/dev/null
    touch "$root/done"
  fi
  cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
  cp "$archive" "$package" "$video" "$root/root/"
  say "$suite: the archive"
  inside "$suite" "cd /root; rm -rf dist out1 out2; mkdir dist; tar -xzf $(basename "$archive") -C dist; m=\$(echo dist/*/bin/metricslam)
    \$m run synthetic:room --max-frames 100 -o out1 --quiet; \$m run video.mp4 --fov 55 -o out2 --quiet
    ls -l out1/mesh.ply out2/trajectory.tum; rm -rf dist out1 out2"
  say "$suite: the package"
  inside "$suite" "cd /root; apt-get -qq update
    apt-get -qq install -y --no-install-recommends ./$(basename "$package") >/dev/null
    metricslam run synthetic:room --max-frames 100 -o out1 --quiet; ls -l out1/mesh.ply; rm -rf out1
    apt-get -qq purge -y metricslam >/dev/null; rm -f *metricslam*
    if find / -xdev -path /proc -prune -o -iname \"*metricslam*\" -print | grep .; then echo left behind; exit 1; fi"
done
say "the archive and the package run in $*"
