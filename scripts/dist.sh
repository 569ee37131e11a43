#!/usr/bin/env bash
# Makes build/dist/metricslam-VERSION-linux-ARCH.tar.gz and the same as a Debian
# package: the program with every library that it needs but those of the C and C++
# compilers, so that they run on a machine with nothing else. dist.sh VERSION.
source "$(dirname "$0")/lib.sh"

version=${1:?usage: dist.sh VERSION}
arch=$(uname -m)
name=metricslam-$version-linux-$arch
out=build/dist
tree=$out/$name
rm -rf "$out"
mkdir -p "$tree/bin" "$tree/lib" "$tree/licenses/debian" "$tree/licenses/go"

say "building $name"
# The libraries' folder goes into the program, so that no variable has to be set and
# none reaches the programs that it starts.
# shellcheck disable=SC2016 # $ORIGIN is the loader's
go build -ldflags "-s -w -X main.version=$version -extldflags '-Wl,-rpath,\$ORIGIN/../lib -Wl,--disable-new-dtags'" -o "$tree/bin/metricslam" ./cmd/metricslam
CGO_ENABLED=0 go build -ldflags "-s -w" -o "$tree/bin/metricslam-storage" ./cmd/metricslam-storage

# What every Debian has, and what must be the machine's own: drivers link it too.
system='^(linux-vdso|ld-linux.*|libc|libm|libdl|libpthread|librt|libresolv|libutil|libstdc\+\+|libgcc_s)\.so'
ldd "$tree/bin/metricslam" | awk '$2 == "=>" && $3 ~ /^\// {print $1, $3}' | grep -vE "$system" >"$out/libraries"
while read -r soname path; do
  install -m 644 "$path" "$tree/lib/$soname"
done <"$out/libraries"
install -m 644 "$cache"/onnxruntime/libonnxruntime.so.* "$tree/lib/"
say "$(find "$tree/lib" -type f | wc -l) libraries, $(du -sm "$tree" | cut -f 1) MB"

# Licences: of Debian's packages their copyright files, and their versions, by which
# the sources are found, ...
while read -r _ path; do # dpkg knows some below /lib, which is /usr/lib now
  path=$(readlink -f "$path")
  printf '%s\n' "$path" "${path#/usr}"
done <"$out/libraries" >"$out/paths"
xargs dpkg -S <"$out/paths" 2>/dev/null | sed -E 's/[:,].*//' | sort -u >"$out/packages" || true
[ "$(wc -l <"$out/packages")" -gt $(($(wc -l <"$out/libraries") / 2)) ] || die "dpkg does not know most of the libraries: make the archive on Debian or Ubuntu"
while read -r package; do
  cp -L "/usr/share/doc/$package/copyright" "$tree/licenses/debian/$package"
  dpkg-query -W -f '${source:Package} ${source:Version} ${Package}\n' "$package"
done <"$out/packages" | sort >"$tree/licenses/debian/SOURCES"
# ... of Go's modules and of Go, ...
go version -m "$tree/bin/metricslam" "$tree/bin/metricslam-storage" | awk '$1 == "dep" {print $2 "@" $3}' | sort -u | while read -r module; do
  dir=$(go list -m -f '{{.Dir}}' "${module%@*}")
  for f in "$dir"/LICEN[SC]E* "$dir"/COPYING* "$dir"/NOTICE* "$dir"/PATENTS*; do
    [ ! -f "$f" ] || install -D -m 644 "$f" "$tree/licenses/go/$module/$(basename "$f")"
  done
  [ -d "$tree/licenses/go/$module" ] || die "no licence found of $module"
done
[ ! -f "$(go env GOROOT)/LICENSE" ] || install -D -m 644 "$(go env GOROOT)/LICENSE" "$tree/licenses/go/go/LICENSE"
# ... and of ONNX Runtime and the network.
install -D -m 644 -t "$tree/licenses/onnxruntime" "$cache/onnxruntime/LICENSE" "$cache"/onnxruntime/ThirdPartyNotices.txt
install -D -m 644 -t "$tree/licenses/three.js" page/three/LICENSE
install -m 644 depth/models/README.md "$tree/licenses/network.md"
cat >"$tree/README" <<END
metricslam $version for Linux on $arch, Debian 12, Ubuntu 22.10 or later.

  bin/metricslam run VIDEO.mp4 --fov 70 -o DIR
  bin/metricslam run synthetic:room -o DIR
  bin/metricslam --help

Nothing has to be installed. The window (view, run --view) and the picture in
report.html need the machine's OpenGL: packages libegl1 and libgl1-mesa-dri.

licenses/ has the licences of all parts; licenses/debian/SOURCES names the versions
of Debian's source packages, which snapshot.debian.org keeps. FFmpeg is Debian's, with parts under
the GNU General Public License: whoever passes this archive on does so under its terms.
END
glibc=$(find "$tree" -type f \( -name '*.so*' -o -name metricslam \) -exec objdump -T {} + 2>/dev/null | grep -oE 'GLIBC_[0-9.]+' | sort -Vu | tail -n 1)
say "needs glibc ${glibc#GLIBC_} or later"

tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" -C "$out" -czf "$out/$name.tar.gz" "$name"

# The Debian package: the same tree below /usr/lib.
deb=$out/deb
debarch=$(dpkg --print-architecture)
debversion=$(git log -1 --format=%cd --date=format:0.%Y%m%d.%H%M)+$(printf %s "$version" | tr -c '[:alnum:].+~' .)
mkdir -p "$deb/DEBIAN" "$deb/usr/bin" "$deb/usr/lib/metricslam" "$deb/usr/share/doc/metricslam"
cp -al "$tree/bin" "$tree/lib" "$deb/usr/lib/metricslam/"
cp -al "$tree/licenses" "$tree/README" "$deb/usr/share/doc/metricslam/"
ln -s ../lib/metricslam/bin/metricslam "$deb/usr/bin/metricslam"
cat >"$deb/usr/share/doc/metricslam/copyright" <<END
metricslam and the libraries below /usr/lib/metricslam/lib are under the licences in
/usr/share/doc/metricslam/licenses.
END
cat >"$deb/DEBIAN/control" <<END
Package: metricslam
Version: $debversion
Architecture: $debarch
Maintainer: metricslam <metricslam@localhost>
Installed-Size: $(du -sk "$deb/usr" | cut -f 1)
Depends: libc6 (>= ${glibc#GLIBC_}), libstdc++6 (>= 12), libgcc-s1
Recommends: libegl1, libgl1-mesa-dri
Suggests: libheif-examples
Section: science
Priority: optional
Description: monocular dense SLAM in metres
 One ordinary camera in, a drift-free map in metres out, on a plain CPU. The
 libraries that it needs come with it.
END
dpkg-deb --root-owner-group -Zzstd -b "$deb" "$out/metricslam_${debversion}_$debarch.deb" >/dev/null
rm -rf "$deb" "$out/packages" "$out/libraries" "$out/paths"
ls -l "$out"/*.tar.gz "$out"/*.deb
