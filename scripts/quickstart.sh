#!/usr/bin/env bash
# From a fresh machine to a trained model: installs, builds, and trains a small GPT on 4 ranks on this repository's own
# text. Arguments go to pipetrain: scripts/quickstart.sh --schedule gpipe --set train.steps=300
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up app/pipetrain
mpi_run -np 4 "$build/app/pipetrain" --config "$root/configs/quickstart.yaml" "$@"
