#!/usr/bin/env bash
# Fuzzes what reads files, two targets at a time, and prints a line for each; fails if one crashed:
#   scripts/fuzz.sh [SECONDS=300] [TARGET...]    TARGET: a name in tests/fuzz/corpus
#   scripts/fuzz.sh merge [TARGET...]            puts what was found into tests/fuzz/corpus: as few files as cover it
# Needs clang. New inputs are kept in build-fuzz/corpus, those that crash in build-fuzz/crashes: with the mended
# reader, copy such a one to tests/fuzz/corpus/TARGET/defect-NAME, where scripts/test.sh replays it.
source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PIPETRAIN_BUILD=${PIPETRAIN_BUILD:-$source_root/build-fuzz}
PIPETRAIN_MESON="-Dfuzz=true -Dbuildtype=debugoptimized -Db_lundef=false -Db_sanitize=address,undefined
  -Dcpp_args=-fno-sanitize-recover=undefined"
# shellcheck source=setup.sh
source "$source_root/scripts/setup.sh"
export CC=clang CXX=clang++
packages+=(clang libomp-dev)

work=fuzz seconds=300
if [ "${1:-}" = merge ]; then
  work=merge
  shift
elif [[ ${1:-} =~ ^[0-9]+$ ]]; then
  seconds=$1
  shift
fi
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(ls "$root/tests/fuzz/corpus")
set_up "${targets[@]/#/tests/fuzz/fuzz_}" || exit 1

# A small file may neither take much memory nor much time.
limits=(-max_len=4096 -malloc_limit_mb=600 -rss_limit_mb=2000 -timeout=20)
export OMP_NUM_THREADS=1

# fuzz TARGET: a line of figures.
# shellcheck disable=SC2317  # called by its name, as merge is
fuzz() {
  local target=$1 output=$build/fuzz-$1.log dictionary=() status=0
  [ -f "$root/tests/fuzz/$target.dict" ] && dictionary=("-dict=$root/tests/fuzz/$target.dict")
  "$build/tests/fuzz/fuzz_$target" "${limits[@]}" "${dictionary[@]}" -max_total_time="$seconds" -print_final_stats=1 \
    -artifact_prefix="$build/crashes/$target/" "$build/corpus/$target" "$root/tests/fuzz/corpus/$target" >"$output" 2>&1 || status=$?
  local runs edges inputs crashes
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$output")
  edges=$(grep -oE 'cov: [0-9]+' "$output" | tail -1)
  inputs=$(grep -oE 'corp: [0-9]+' "$output" | tail -1)
  crashes=$(find "$build/crashes/$target" -type f | wc -l)
  printf '%-12s %9s executions %6s edges %5s inputs %2s crashes%s\n' "$target" "${runs:-0}" "${edges#cov: }" "${inputs#corp: }" \
    "$crashes" "$([ "$status" -eq 0 ] || echo "; see $output")"
  return "$status"
}

# merge TARGET: the corpus anew, with each defect's input.
# shellcheck disable=SC2317
merge() {
  local target=$1 output=$build/fuzz-$1.log corpus=$root/tests/fuzz/corpus/$1 merged
  merged=$(mktemp -d "$build/merge.XXXXXX")
  "$build/tests/fuzz/fuzz_$target" "${limits[@]}" -merge=1 -use_counters=0 "$merged" "$corpus" "$build/corpus/$target" \
    >"$output" 2>&1 || { cat "$output" >&2; return 1; }
  find "$corpus" -type f ! -name 'defect-*' -delete
  find "$merged" -type f -exec mv -t "$corpus" {} +
  rmdir "$merged"
  echo "$target: $(find "$corpus" -type f | wc -l) files, $(cat "$corpus"/* | wc -c) bytes"
}

failed=0
for ((i = 0; i < ${#targets[@]}; i += 2)); do
  running=()
  for target in "${targets[@]:i:2}"; do
    mkdir -p "$build/corpus/$target" "$build/crashes/$target"
    "$work" "$target" &
    running+=($!)
  done
  for process in "${running[@]}"; do wait "$process" || failed=1; done
done
exit "$failed"
