#!/usr/bin/env bash
# Speed and memory of pipetrain alone: installs, builds, and runs `pipetrain bench` on several models in turns, on 2
# cores. It prints medians of all rounds, with the lowest and the highest.
#   scripts/speed.sh [--work mid,memory,gpt2,shakespeare,resnet18] [--rounds N] [--precision float32,bfloat16]
#                    [--json FILE]
# A round takes seven minutes. The figures mean something where the machine has nothing else to do.
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up app/pipetrain
python3 "$root/scripts/speed.py" --pipetrain "$build/app/pipetrain" "$@"
