#!/usr/bin/env bash
# Tries the two commands of the README on fresh machines: bare roots of Debian, made with debootstrap, into which this
# commit is copied. Prints a table at the end and fails if anything in it has failed. Needs root, and some hours for
# everything.
#   scripts/distributions.sh [OPTION]... [RELEASE]...   trixie (13), bookworm (12), testing, sid; default: the first two
#   --users NAME,...     root, ada (who may use sudo); default: both
#   --with NAME,...      beside "plain": clang, debug, native, no-tests, alone (each file), spaces (in the path),
#                        mpich; or "all" of these
#   --only NAME,...      of plain and those of --with, only these; as in --only no-tests
#   --commands NAME,...  quickstart, test, package (a Debian package, installed and tried on another bare root),
#                        image (packaging/container/Dockerfile, with a bare root as debian:13); default: the first two
#   --jobs N             programs that compile at once
#   --ccache DIR         compiles by way of ccache, whose files lie in DIR: the second variant costs less. Without it
#                        every try compiles everything, as a fresh machine does
#   --folder DIR         where the roots lie (default: /var/tmp/pipetrain-roots); a root that is there is used again
#   --remove             removes them in the end
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
users=root,ada with=plain only='' commands=quickstart,test jobs='' ccache='' folder=/var/tmp/pipetrain-roots remove='' releases=()
variants=(plain clang debug native no-tests alone spaces mpich)
fail() { echo "distributions.sh: $*" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --users | --with | --only | --commands | --jobs | --ccache | --folder) [ $# -gt 1 ] || fail "$1 needs a value" ;;
  esac
  case $1 in
    --users) users=$2 && shift ;;
    --with) with=plain,$2 && shift ;;
    --only) only=$2 && shift ;;
    --commands) commands=$2 && shift ;;
    --jobs) jobs=$2 && shift ;;
    --ccache) ccache=$(realpath -m "$2") && shift ;;
    --folder) folder=$(realpath -m "$2") && shift ;;
    --remove) remove=yes ;;
    trixie | bookworm | testing | sid) releases+=("$1") ;;
    *) fail "'$1' is no option and no release; the first lines of this script name them" ;;
  esac
  shift
done
[ ${#releases[@]} -gt 0 ] || releases=(trixie bookworm)
[ "$(id -u)" -eq 0 ] || fail "roots of other systems are made and entered as root"
chosen=${only:-$with}
[ "$with" != plain,all ] || chosen=${only:-$(IFS=,; echo "${variants[*]}")}
for name in ${chosen//,/ }; do [[ " ${variants[*]} " == *" $name "* ]] || fail "no variant '$name'; expected some of ${variants[*]}"; done
for name in ${users//,/ }; do [[ $name =~ ^(root|ada)$ ]] || fail "no user '$name'; expected root or ada"; done
for name in ${commands//,/ }; do [[ $name =~ ^(quickstart|test|package|image)$ ]] || fail "no command '$name'; expected quickstart, test, package or image"; done

# make_root RELEASE DIR: a bare system whose apt takes the mirrors, proxies and certificates of this one.
make_root() {
  local release=$1 dir=$2 mirror
  [ ! -e "$dir/etc/made" ] || return 0
  command -v debootstrap >/dev/null || apt-get install -y debootstrap >/dev/null
  mirror=$(grep -rhoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | grep -v snapshot | sed 's#/* *$##' | head -n 1)
  mkdir -p "$dir"
  debootstrap --variant=minbase --include=ca-certificates,sudo,git "$release" "$dir" "${mirror:-http://deb.debian.org/debian}" >"$dir.log" 2>&1 ||
    { tail -n 3 "$dir.log" >&2; return 1; }
  local setting  # of this machine's own: a package's files would have dpkg ask which of two to keep
  for setting in /etc/apt/apt.conf.d/*; do
    dpkg-query -S "$setting" >/dev/null 2>&1 || cp "$setting" "$dir/etc/apt/apt.conf.d/"
  done
  cp -L /usr/local/share/ca-certificates/*.crt "$dir/usr/local/share/ca-certificates/" 2>/dev/null || true
  cp -L /etc/resolv.conf "$dir/etc/resolv.conf"
  { grep localhost /etc/hosts; echo "127.0.1.1 $(hostname)"; } >"$dir/etc/hosts"
  chroot "$dir" update-ca-certificates >/dev/null 2>&1 || true
  chroot "$dir" useradd -m -s /bin/bash ada
  echo 'ada ALL=(ALL) NOPASSWD: ALL' >"$dir/etc/sudoers.d/ada"
  touch "$dir/etc/made"
}

entered=()
cache=/var/cache/pipetrain-ccache   # in a root
mount_root() {
  local dir=$1 place
  entered+=("$dir")
  unmount_root "$dir"   # what one that was killed has left there may be half of it
  for place in proc sys dev; do
    mountpoint -q "$dir/$place" || mount --rbind --make-rslave "/$place" "$dir/$place"
  done
  mountpoint -q "$dir/dev/pts" || mount -t devpts -o ptmxmode=666 devpts "$dir/dev/pts"   # a test has a terminal
  if [ -n "$ccache" ]; then
    mkdir -p "$ccache" "$dir$cache"
    chmod a+rwx "$ccache"
    mountpoint -q "$dir$cache" || mount --bind "$ccache" "$dir$cache"
  fi
}
unmount_root() {
  local dir=$1 place
  for place in proc sys dev "${cache#/}"; do umount -R "$dir/$place" 2>/dev/null || true; done
}
# remove_tree DIR: nothing is removed through a mount.
remove_tree() {
  if grep -q " $1/" /proc/mounts; then
    echo "distributions.sh: something is mounted in $1; it stays" >&2
    return 1
  fi
  rm -rf --one-file-system "$1"
}
# shellcheck disable=SC2317  # the trap calls it
leave() {
  local dir
  for dir in "${entered[@]}"; do unmount_root "$dir"; done
  [ -z "$remove" ] || remove_tree "$folder"
}
trap leave EXIT

# inside DIR USER COMMAND: in the user's home, with nothing of this environment.
inside() {
  local home=/home/$2 path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin settings=()
  [ "$2" != root ] || home=/root
  [ -z "$jobs" ] || settings+=("PIPETRAIN_JOBS=$jobs")
  if [ -n "$ccache" ]; then
    path=/usr/lib/ccache:$path
    settings+=("CCACHE_DIR=$cache" "CCACHE_BASEDIR=$home" CCACHE_NOHASHDIR=1 CCACHE_UMASK=000
               "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime")
  fi
  chroot --userspec="$2" "$1" /usr/bin/env -i HOME="$home" USER="$2" LOGNAME="$2" TERM=dumb LANG=C.UTF-8 PATH="$path" "${settings[@]}" \
    bash -c "cd && $3"
}

# install_in DIR PACKAGE...
install_in() {
  local dir=$1
  shift
  inside "$dir" root "export DEBIAN_FRONTEND=noninteractive && apt-get update -qq && apt-get install -y -qq --no-install-recommends $*"
}

# A Debian package, built in a root and installed and tried in another one, which has had nothing installed.
try_package() {
  local release=$1 user=$2 where=$3 bare=$folder/$1-bare home=/home/$2 made status=0
  [ "$user" != root ] || home=/root
  inside "$folder/$release" "$user" "cd '$where' && scripts/package.sh debian" || return 1
  made=$folder/$release$home/$where
  remove_tree "$bare" && make_root "$release" "$bare" && mount_root "$bare" || return 1
  cp "$made"/build-package/pipetrain_*.deb "$made/scripts/packaging/debian/tests/trains" "$bare/tmp/" || return 1
  { install_in "$bare" "/tmp/pipetrain_*.deb" && inside "$bare" ada /tmp/trains && inside "$bare" root /tmp/trains; } || status=$?
  unmount_root "$bare"
  return "$status"
}

# The image, built and tried on this machine by buildah: a registry of images need not be reached.
try_image() {
  local release=$1 user=$2 where=$3 bare=$folder/$1-bare home=/home/$2 container
  [ "$user" != root ] || home=/root
  [ "$release" = trixie ] || { echo "the Dockerfile is of trixie (debian:13)"; return 1; }
  command -v buildah >/dev/null || apt-get install -y --no-install-recommends buildah runc || return 1
  export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
  remove_tree "$bare" && make_root "$release" "$bare" || return 1
  cd "$folder/$release$home/$where" || return 1
  {
    container=$(buildah from scratch) && buildah add -q "$container" "$bare" / &&
      buildah commit -q --rm "$container" docker.io/library/debian:13 &&
      buildah build -f scripts/packaging/container/Dockerfile -t pipetrain . &&
      container=$(buildah from pipetrain) && buildah copy -q "$container" scripts/packaging/debian/tests/trains /tmp/trains &&
      buildah run "$container" -- /tmp/trains && buildah rm "$container"
  } || return 1
  cd "$root"
}

# Clang refuses a precompiled header of ccache's by its time, unless it is told to note none.
declare -A options=(
  [plain]='' [spaces]='' [clang]="CXX=clang++ CC=clang CXXFLAGS='-Xclang -fno-pch-timestamp' PIPETRAIN_BUILD=build-clang"
  [debug]='PIPETRAIN_BUILD=build-debug PIPETRAIN_MESON=-Dbuildtype=debug'
  [native]='PIPETRAIN_BUILD=build-native PIPETRAIN_MESON=-Dnative=true' [no-tests]='PIPETRAIN_BUILD=build-no-tests PIPETRAIN_MESON=-Dtests=false'
  [alone]='PIPETRAIN_BUILD=build-alone PIPETRAIN_MESON=-Dunity=off'
  [mpich]='MPICC=mpicc.mpich PIPETRAIN_BUILD=build-mpich')
declare -A needs=([clang]='clang libomp-dev' [mpich]=libmpich-dev)

# The figures that a command's output has: how long it compiled, and what came of it.
figure() {
  local took
  took=$(grep -oE '^Building, [0-9]+ s' "$2" | tail -n 1)
  case $1 in
    test) tail -n 1 "$2" ;;
    package) grep -o 'lintian: .*' "$2" | tail -n 1 ;;
    image) grep -a 'validation loss' "$2" | tail -n 1 ;;
    quickstart) grep -oE 'val_loss[ =]+[0-9.]+|validation loss [0-9.]+' "$2" | tail -n 1 ;;
  esac | sed "s/\$/${took:+; built in ${took#Building, }}/"
}

results=()
try() {
  local release=$1 user=$2 variant=$3 command=$4 dir=$folder/$1 where=pipetrain begin=$SECONDS status=0 words log
  [ "$variant" != spaces ] || where='a folder/pipetrain'
  log=$folder/$release-$user-$variant-$command.log
  : >"$log"
  [ -z "${needs[$variant]:-}" ] || install_in "$dir" "${needs[$variant]}" >>"$log" 2>&1
  words="cd '$where' && ${options[$variant]} scripts/$command.sh"
  echo "== $release, $user, $variant: $command" >&2
  if [ "$command" = package ] || [ "$command" = image ]; then
    "try_$command" "$release" "$user" "$where" >>"$log" 2>&1 </dev/null || status=$?
  else
    inside "$dir" "$user" "$words" >>"$log" 2>&1 </dev/null || status=$?
  fi
  results+=("$(printf '%-9s %-5s %-9s %-11s %6d s  %-7s %s' "$release" "$user" "$variant" "$command" $((SECONDS - begin)) \
    "$([ "$status" -eq 0 ] && echo ok || echo "FAILED")" "$(figure "$command" "$log")")")
  echo "${results[-1]}" >&2
  [ "$status" -eq 0 ] || { tail -n 20 "$log" >&2; failed=1; }
}

failed=0
mkdir -p "$folder"
for release in "${releases[@]}"; do
  exec {alone}>"$folder/$release.lock"   # the first to leave a root would unmount what the second has there
  flock -n "$alone" || { results+=("$release: another one works in $folder/$release; choose another --folder"); failed=1; continue; }
  make_root "$release" "$folder/$release" || { results+=("$release cannot be made"); failed=1; continue; }
  mount_root "$folder/$release"
  [ -z "$ccache" ] || install_in "$folder/$release" ccache >/dev/null
  for user in ${users//,/ }; do
    for variant in ${chosen//,/ }; do
      home=$folder/$release/home/$user
      [ "$user" != root ] || home=$folder/$release/root
      [ "$variant" != spaces ] || home+="/a folder"
      mkdir -p "$home/pipetrain"   # of an earlier try only what it built stays
      find "$home/pipetrain" -mindepth 1 -maxdepth 1 ! -name 'build*' -exec rm -rf {} +
      git -C "$root" archive HEAD | tar -x -C "$home/pipetrain"
      chroot "$folder/$release" chown -R "$user:" "${home#"$folder/$release"}"
      for command in ${commands//,/ }; do
        # Without tests there are none to run.
        [ "$variant $command" = "no-tests test" ] || try "$release" "$user" "$variant" "$command"
      done
    done
  done
done
printf '%s\n' "${results[@]}"
exit "$failed"
