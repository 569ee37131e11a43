#!/usr/bin/env bash
# Installs the system packages that are missing: OpenCV, FFmpeg, OpenGL and X11
# headers, a C++ compiler, Python's pip and venv. Does nothing where all are there.
source "$(dirname "$0")/lib.sh"

packages=(libopencv-dev libavformat-dev libavcodec-dev libavutil-dev libswscale-dev ffmpeg libheif-examples libgl1-mesa-dev libx11-dev libxcursor-dev libxrandr-dev libxinerama-dev
  libxi-dev libxxf86vm-dev libegl-dev libegl1 libgl1-mesa-dri xvfb xauth xdotool pkg-config g++)
python3 -c 'import pip' 2>/dev/null || packages+=(python3 python3-pip)
python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)

if ! have apt-get; then
  if have pkg-config && pkg-config --exists opencv4 libavformat libavcodec libavutil libswscale gl egl x11; then exit 0; fi
  die "there is no apt-get here; install OpenCV 4.6 and FFmpeg with headers, OpenGL, EGL and X11 headers, pkg-config and a C++ compiler by hand (scripts/packages.sh lists Debian's names)"
fi

# dpkg-query fails where it does not know one of them, after listing the others.
installed=$(dpkg-query -W -f '${Package} ${Status}\n' "${packages[@]}" 2>/dev/null | awk '/ok installed/ {print $1}') || true
installed=" ${installed//$'\n'/ } "
missing=()
for p in "${packages[@]}"; do
  [[ $installed == *" $p "* ]] || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  have sudo || die "needs root to install packages, and there is no sudo; as root: apt-get install -y --no-install-recommends ${missing[*]}"
  as_root=(sudo)
fi
log=$cache/packages.log
mkdir -p "$cache"
say "installing ${#missing[@]} system packages and what they need, about 170 MB (log: .cache/packages.log): ${missing[*]}"

# apt ARG...: runs apt-get, its output in the log alone unless it fails.
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >>"$log" 2>&1 && return
  tail -n 15 "$log" >&2
  die "apt-get $1 failed: is there a network, and are the package sources right? Missing: ${missing[*]}"
}
apt update
apt install -y --no-install-recommends "${missing[@]}"
