#!/usr/bin/env bash
# Installs the packages that are missing (Debian and its relatives; apt-get as root, sudo otherwise) and builds into
# ./build. Does nothing that is already done. Other scripts source it.
#   PIPETRAIN_BUILD   the build folder (default: build)
#   PIPETRAIN_MESON   more options for `meson setup`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${PIPETRAIN_BUILD:-build}

packages=(g++ meson ninja-build pkg-config libdnnl-dev libopenblas-dev libopenmpi-dev openmpi-bin
          libcli11-dev libspdlog-dev libyaml-cpp-dev nlohmann-json3-dev zlib1g-dev catch2)

install_packages() {
  command -v dpkg-query >/dev/null || return 0   # elsewhere the libraries come from modules: meson says what is missing
  local missing=() package
  for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if meson --version >/dev/null 2>&1 && [ "${PIPETRAIN_NO_INSTALL:-0}" = 1 ]; then return 0; fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "note: no root and no sudo; going on without the packages ${missing[*]}" >&2
      return 0
    fi
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}" >&2
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
}

build_release() {
  if [ ! -f "$build/build.ninja" ]; then
    # shellcheck disable=SC2086
    meson setup "$build" ${PIPETRAIN_MESON:-} >"${TMPDIR:-/tmp}/pipetrain-setup.$$.log" 2>&1 || {
      cat "${TMPDIR:-/tmp}/pipetrain-setup.$$.log" >&2
      exit 1
    }
    rm -f "${TMPDIR:-/tmp}/pipetrain-setup.$$.log"
  fi
  ninja -C "$build" "$@" | { grep -v '^ninja: \(Entering\|no work\)' || true; } >&2
}

# mpirun that runs anywhere: more ranks than cores, no binding, root allowed.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpi_run() { mpirun --map-by :OVERSUBSCRIBE --bind-to none "$@"; }
