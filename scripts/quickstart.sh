#!/usr/bin/env bash
# From a fresh machine to a trained model: installs, builds, and trains a small GPT on 4 ranks on this repository's own text.
source "$(dirname "$0")/setup.sh"
install_packages
build_release app/pipetrain
mpi_run -np 4 "$build/app/pipetrain" --config configs/quickstart.yaml "$@"
