#!/usr/bin/env bash
# pipetrain's speed beside that of PyTorch, or of Flax, on the same models: installs, builds, measures both in turns on
# 2 cores and prints a table of medians and ratios.
#   scripts/compare_pytorch.sh [--work mid,gpt2,shakespeare,resnet18,classifier,classifier_small] [--rounds N]
#                              [--precision float32,bfloat16] [--seconds S] [--limit S] [--short]
#                              [--python FILE] [--json FILE]
# The other frameworks come from PyPI, into environments of their own in ${XDG_CACHE_HOME:-~/.cache}/pipetrain. The
# figures mean something where the machine has nothing else to do.
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  packages+=(python3 python3-venv)
  install_packages || true
fi
set_up app/pipetrain
python3 "$root/scripts/compare.py" --pipetrain "$build/app/pipetrain" "$@"
