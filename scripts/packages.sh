#!/usr/bin/env bash
# Installs the system packages that are missing: OpenCV, OpenGL and X11 headers,
# a C++ compiler, Python's pip and venv. Does nothing where all are there.
source "$(dirname "$0")/lib.sh"

packages=(libopencv-dev libgl1-mesa-dev libx11-dev libxcursor-dev libxrandr-dev libxinerama-dev
  libxi-dev libxxf86vm-dev libegl-dev libegl1 libgl1-mesa-dri xvfb xauth pkg-config g++)
python3 -c 'import pip' 2>/dev/null || packages+=(python3 python3-pip)
python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)

if ! have apt-get; then
  if have pkg-config && pkg-config --exists opencv4 gl egl x11; then exit 0; fi
  die "there is no apt-get here; install OpenCV 4.6 with headers, OpenGL, EGL and X11 headers, pkg-config and a C++ compiler by hand (CONTRIBUTING.md names Debian's packages in scripts/packages.sh)"
fi

installed=" $(dpkg-query -W -f '${Package} ${Status}\n' "${packages[@]}" 2>/dev/null | awk '/ok installed/ {print $1}' | tr '\n' ' ')"
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
say "installing system packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q || die "apt-get update failed: is there a network, and are the package sources right?"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" ||
  die "apt-get could not install: ${missing[*]}"
