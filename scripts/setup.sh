#!/usr/bin/env bash
# Installs what is missing and builds; does nothing that is already done. The other scripts source it.
#   PIPETRAIN_BUILD   the build folder (default: build, in the repository)
#   PIPETRAIN_JOBS    how many programs compile at once (default: as many as ninja thinks)
#   PIPETRAIN_MESON   more options for `meson setup`, such as "-Dnative=true -Db_sanitize=address"
# Packages are installed where apt-get and the rights to use it are there (root, or sudo). Elsewhere, as on a cluster
# whose libraries come from modules, the libraries only have to be found.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ ! -f "$root/meson.build" ]; then
  echo "$0 builds pipetrain from its source: run it in a checkout or a release's folder, $root is neither" >&2
  exit 2
fi
build=$(realpath -m "${PIPETRAIN_BUILD:-$root/build}")
log=$(mktemp "${TMPDIR:-/tmp}/pipetrain.XXXXXX")
trap 'rm -f "$log"' EXIT

packages=(g++ meson ninja-build pkg-config libdnnl-dev libopenblas-dev libopenmpi-dev openmpi-bin
          libcli11-dev libspdlog-dev libyaml-cpp-dev nlohmann-json3-dev zlib1g-dev libzstd-dev libpcre2-dev libutf8proc-dev
          libevent-dev catch2)

# Open MPI runs as root, and in containers where a process may not read another's memory (the first name is release
# 4's, the second that of later ones). What else it takes to run anywhere is in the mpirun of the build folder.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_btl_vader_single_copy_mechanism=${OMPI_MCA_btl_vader_single_copy_mechanism:-none}
export OMPI_MCA_smsc=${OMPI_MCA_smsc:-^cma}
mpi_run() { "$build/app/mpirun" "$@"; }

say() { echo "$*" >&2; }

# Runs a command whose output matters only if it fails.
quietly() { "$@" >"$log" 2>&1 </dev/null; }

# apt's last "pmstatus:PACKAGE:PERCENT:what it does" as "PERCENT% what it does", or ninja's last "[12/401] ...", else
# the last line.
how_far() {
  { grep -aE '^((dl|pm)status:|\[[0-9]+/[0-9]+\])' "$log" || cat "$log"; } | tail -n 1 |
    sed -E 's/^..status:[^:]*:([0-9]+)[0-9.]*:/\1% /' | cut -c 1-100
}

# patiently WHAT COMMAND...: as quietly, and says every 10 seconds how far it is.
patiently() {
  local what=$1 begin=$SECONDS status=0
  shift
  : >"$log"
  # It ends by itself should this script be killed; its sleep holds no pipe open that somebody reads.
  while sleep 10 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
    say "$what, $((SECONDS - begin)) s: $(how_far)"
  done &
  local clock=$!
  quietly "$@" || status=$?
  kill "$clock" 2>/dev/null
  wait "$clock" 2>/dev/null || true
  return "$status"
}

missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
  local package
  for package in "${packages[@]}"; do
    grep -qx "installed $package" <<<"$installed" || echo "$package"
  done
}

install_packages() {
  local missing as_root=()
  mapfile -t missing < <(missing_packages)
  if [ ${#missing[@]} -eq 0 ] || ! command -v apt-get >/dev/null; then return 1; fi
  if [ "$(id -u)" -ne 0 ]; then
    # Asks for a password only where somebody can type one.
    if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
      say "These packages are missing, and installing them needs root: ${missing[*]}"
      return 1
    fi
    as_root=(sudo)
  fi
  say "Installing ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o APT::Status-Fd=1)
  patiently "Reading lists of packages" "${apt[@]}" update || true   # some other source of packages may be out of reach
  patiently "Installing" "${apt[@]}" install -y --no-install-recommends "${missing[@]}" || { cat "$log" >&2; return 1; }
}

configure() {
  [ -f "$build/build.ninja" ] && return 0
  # shellcheck disable=SC2086  # several options in one word
  patiently "Configuring" meson setup "$build" "$root" ${PIPETRAIN_MESON:-}
}

# set_up [TARGET...]: packages, build folder, programs.
set_up() {
  if ! configure; then
    install_packages || true
    configure || { cat "$log" >&2; return 1; }
  fi
  ninja -C "$build" -n "$@" 2>/dev/null | grep -q 'no work to do' && return 0
  local jobs=()
  [ -z "${PIPETRAIN_JOBS:-}" ] || jobs=(-j "$PIPETRAIN_JOBS")
  say "Building in $build; this takes some minutes the first time"
  if [ -t 2 ]; then
    ninja -C "$build" "${jobs[@]}" "$@" >&2
  else
    patiently "Building" ninja -C "$build" "${jobs[@]}" "$@" || { cat "$log" >&2; return 1; }
  fi
}
