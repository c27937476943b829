#!/usr/bin/env bash
# Builds for 64-bit ARM processors on a machine of another kind, and runs the unit tests of the floors that depend on
# the processor (base, schedule, ops) in an emulator. Needs Debian, and root for the cross compiler and the emulator
# if they are missing; the libraries for ARM are only unpacked into a folder, so this machine's packages stay as they
# are.
#   scripts/aarch64.sh [OPTION]... [TEST]...      the tests' names are folders of lib/; default: base schedule ops
#   --folder DIR   where libraries and build lie (default: /var/tmp/pipetrain-aarch64); what is there is used again
#   --cpu NAME     the processor that the emulator imitates (default: first max, which has bfloat16, then cortex-a72,
#                  which has neither bfloat16 nor half precision)
#   --jobs N       programs that compile at once
#   --remove       removes the folder in the end
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=/var/tmp/pipetrain-aarch64 processors=(max cortex-a72) jobs=() remove='' tests=()
fail() { echo "aarch64.sh: $*" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --folder) folder=$(realpath -m "${2:?}") && shift ;;
    --cpu) processors=("${2:?}") && shift ;;
    --jobs) jobs=(-j "${2:?}") && shift ;;
    --remove) remove=yes ;;
    -*) fail "'$1' is no option; the first lines of this script name them" ;;
    *) [ -f "$root/tests/$1/meson.build" ] || fail "'$1' is no folder of tests"; tests+=("$1") ;;
  esac
  shift
done
[ ${#tests[@]} -gt 0 ] || tests=(base schedule ops)
# What setup.sh installs for this processor.
mapfile -t packages < <(sed -n '/^packages=(/,/)/p' "$root/scripts/setup.sh" | tr -d '()' | sed 's/^packages=//' | tr ' ' '\n' | grep -E -- '-dev|^catch2')
sysroot=$folder/sysroot build=$folder/build libraries=usr/lib/aarch64-linux-gnu

install_tools() {
  command -v aarch64-linux-gnu-g++ >/dev/null && command -v qemu-aarch64 >/dev/null && return 0
  [ "$(id -u)" -eq 0 ] || fail "crossbuild-essential-arm64 and qemu-user are missing; install them, or run this as root"
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends g++-aarch64-linux-gnu qemu-user >"$folder/tools.log" 2>&1 ||
    { tail -n 3 "$folder/tools.log" >&2; fail "the cross compiler or the emulator cannot be installed"; }
}

# apt with lists, packages and a status of its own, for ARM: it sees a machine on which nothing is installed.
arm_apt() {
  apt-get -o APT::Architecture=arm64 -o 'APT::Architectures::=arm64' -o Dir::State="$folder/apt/state" -o Dir::State::status="$folder/apt/status" \
    -o Dir::Cache="$folder/apt/cache" -o Dir::Etc::sourcelist="$folder/apt/sources.list" -o Dir::Etc::sourceparts=- \
    -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o Acquire::Languages=none "$@"
}

# The libraries of this Debian's release and all that they depend on, unpacked.
make_sysroot() {
  [ ! -e "$folder/sysroot.made" ] || return 0
  local release mirror package
  release=$(. /etc/os-release && echo "${VERSION_CODENAME:?}")
  mirror=$(grep -rhoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | grep -v snapshot | sed 's#/* *$##' | head -n 1 || true)
  mkdir -p "$folder/apt/state/lists/partial" "$folder/apt/cache/archives/partial" "$sysroot/usr/lib"
  : >"$folder/apt/status"
  echo "deb [arch=arm64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} $release main" >"$folder/apt/sources.list"
  arm_apt update >"$folder/apt.log" 2>&1 || { tail -n 3 "$folder/apt.log" >&2; fail "no list of packages for ARM"; }
  arm_apt install -y --download-only --no-install-recommends "${packages[@]}" >"$folder/apt.log" 2>&1 ||
    { tail -n 3 "$folder/apt.log" >&2; fail "the packages for ARM cannot be had"; }
  ln -sfn usr/lib "$sysroot/lib"
  for package in "$folder"/apt/cache/archives/*.deb; do
    dpkg-deb -x "$package" "$sysroot"
  done
  # What the packages' own scripts would have linked.
  local name
  for name in "$sysroot/$libraries"/openblas-pthread/lib*.so*; do ln -sf "openblas-pthread/${name##*/}" "$sysroot/$libraries/${name##*/}"; done
  ln -sf ../openblas-pthread/pkgconfig/openblas.pc "$sysroot/$libraries/pkgconfig/openblas.pc"
  for name in "$sysroot/$libraries"/openmpi/lib/pkgconfig/*.pc; do [ ! -e "$name" ] || ln -sf "../openmpi/lib/pkgconfig/${name##*/}" "$sysroot/$libraries/pkgconfig/${name##*/}"; done
  # Links to files of the whole system lead into the folder.
  find "$sysroot" -type l -lname '/*' | while read -r name; do
    ln -sfn "$(realpath -m --relative-to "${name%/*}" "$sysroot$(readlink "$name")")" "$name"
  done
  touch "$folder/sysroot.made"
}

cross_file() {
  cat <<END
[binaries]
c = 'aarch64-linux-gnu-gcc'
cpp = 'aarch64-linux-gnu-g++'
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['$folder/emulator']

[built-in options]
c_args = ['--sysroot=$sysroot', '-isystem', '$sysroot/usr/include']
cpp_args = ['--sysroot=$sysroot', '-isystem', '$sysroot/usr/include']
c_link_args = ['--sysroot=$sysroot', '-L$sysroot/$libraries', '-Wl,-rpath-link,$sysroot/$libraries', '-Wl,--allow-shlib-undefined']
cpp_link_args = ['--sysroot=$sysroot', '-L$sysroot/$libraries', '-Wl,-rpath-link,$sysroot/$libraries', '-Wl,--allow-shlib-undefined']

[properties]
sys_root = '$sysroot'
pkg_config_libdir = ['$sysroot/$libraries/pkgconfig', '$sysroot/usr/share/pkgconfig']

[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
END
}

mkdir -p "$folder"
install_tools
make_sysroot
# The emulator's processor is chosen when a test runs.
# shellcheck disable=SC2016  # for the emulator's own shell
printf '#!/bin/sh\nexport OPENBLAS_NUM_THREADS=1\nexec qemu-aarch64 -L %q -cpu "${PIPETRAIN_ARM_CPU:-max}" "$@"\n' "$sysroot" >"$folder/emulator"
chmod +x "$folder/emulator"
cross_file >"$folder/cross.ini"
grep -qsF " $root $build" "$build/build.ninja" || rm -rf "$build"   # of another copy of pipetrain
[ -f "$build/build.ninja" ] || meson setup "$build" "$root" --cross-file "$folder/cross.ini" >"$folder/meson.log" 2>&1 ||
  { tail -n 5 "$folder/meson.log" >&2; fail "cannot be configured; all of it is in $folder/meson.log"; }
targets=()
for name in "${tests[@]}"; do targets+=("tests/$name/test_$name"); done
begin=$SECONDS
ninja -C "$build" "${jobs[@]}" "${targets[@]}" >"$folder/ninja.log" 2>&1 ||
  { grep -E 'error:|FAILED' "$folder/ninja.log" | head -n 5 >&2; fail "does not compile; all of it is in $folder/ninja.log"; }
echo "built in $((SECONDS - begin)) s"
failed=0
for processor in "${processors[@]}"; do
  for name in "${tests[@]}"; do
    begin=$SECONDS
    if PIPETRAIN_ARM_CPU=$processor OMP_NUM_THREADS=2 "$folder/emulator" "$build/tests/$name/test_$name" >"$folder/$name.$processor.log" 2>&1; then
      said=$(grep -aE 'assertions|passed' "$folder/$name.$processor.log" | tail -n 1)
    else
      said="FAILED, see $folder/$name.$processor.log" failed=1
    fi
    printf '%-11s %-9s %5s s  %s\n' "$processor" "$name" "$((SECONDS - begin))" "$said"
  done
done
[ -z "$remove" ] || rm -rf "$folder"
exit "$failed"
