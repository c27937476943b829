#!/usr/bin/env bash
# What must be true of the tree before it is built; prints what is not, and fails. Takes seconds where nothing has
# changed.
#   scripts/gates.sh             formatting, shell scripts, floors, length of files, width of prose, commits' subjects,
#                                clang-tidy
#   scripts/gates.sh quick       all but clang-tidy
#   scripts/gates.sh format      formats the tree instead
# clang-format and clang-tidy are those of one version, since others format otherwise and find other things. Where
# they are missing and cannot be installed, a line says so and the rest is checked.
#   PIPETRAIN_GATES_SINCE        clang-tidy reads what has changed since this commit (default: where this branch left
#                                origin/main, or on main the commit before)
#   PIPETRAIN_GATES_SECONDS      and stops after this time, files that were not reached being counted (default: 240)
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
version=19   # Debian 12 and Debian 13 both have it
seconds=${PIPETRAIN_GATES_SECONDS:-240}
cd "$root"

get_tools() {
  local packages=(python3 "clang-format-$version" "clang-tidy-$version" shellcheck)   # for install_packages
  install_packages || true
}

# gate NAME COMMAND...: runs it; what it prints is shown if it fails.
failed=()
gate() {
  local name=$1 begin=$SECONDS
  shift
  if quietly "$@"; then
    say "$name: passed, $((SECONDS - begin)) s"
  else
    cat "$log" >&2
    say "$name: FAILED"
    failed+=("$name")
  fi
}

is_there() {
  command -v "$1" >/dev/null && return 0
  say "$1 is missing: $2 is not checked"
  return 1
}

# All C++ of the project, each name ended by a zero byte.
sources() { find lib app tests -name '*.h' -print0 -o -name '*.cpp' -print0 -o -name '*.c' -print0; }
format() { sources | xargs -0 -n 20 -P "$(nproc)" "clang-format-$version" "$@"; }

# Every script whose first line names a shell.
shell_scripts() { grep -rlZE '^#!/(usr/bin/env bash|bin/(ba)?sh)' app scripts tests .ci | xargs -0 -n 4 -P "$(nproc)" shellcheck -x -S warning; }

# The .cpp files that have changed, or whose header has, and that are built.
changed_sources() {
  local since=${PIPETRAIN_GATES_SINCE:-} file
  if [ -z "$since" ]; then
    since=$(git merge-base HEAD origin/main 2>/dev/null) || since=HEAD~1
    [ "$since" != "$(git rev-parse HEAD 2>/dev/null)" ] || since=HEAD~1
  fi
  git rev-parse -q --verify "$since^{commit}" >/dev/null 2>&1 || { say "no commit $since: clang-tidy reads nothing"; return 0; }
  git diff --name-only --diff-filter=d "$since" -- lib app tests | grep -E '\.(h|cpp)$' | sed 's/\.h$/.cpp/' | sort -u |
    while read -r file; do
      if [ -f "$file" ]; then echo "$file"; fi
    done
}

# Each file until the time is over, then the names of those that are left. clang lacks what g++ alone knows: its omp.h
# (with an attribute that only g++ takes), and where the headers lie that are compiled once for a folder.
tidy_files() {
  local of_gcc
  of_gcc=$(g++ -print-file-name=include)
  # shellcheck disable=SC2016  # for the shell that xargs starts
  printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -c '
    if [ "$(date +%s)" -ge "$0" ]; then echo "not reached: ${!#}"; exit; fi
    "$@"' $(($(date +%s) + seconds)) "clang-tidy-$version" -p "$build" --quiet --warnings-as-errors='*' \
    "--extra-arg=-idirafter$of_gcc" '--extra-arg=-D__malloc__(...)=' "--extra-arg=-idirafter$root/lib/pch" "--extra-arg=-idirafter$root/tests/pch"
}

tidy() {
  local files=() file left
  mapfile -t files < <(changed_sources)
  [ ${#files[@]} -gt 0 ] || { say "clang-tidy: nothing has changed"; return 0; }
  # Where each file is compiled alone: clang-tidy takes its options from there, and nothing is built.
  local build=$build-alone PIPETRAIN_MESON="${PIPETRAIN_MESON:-} -Dunity=off"
  configure || { install_packages && configure; } || { cat "$log" >&2; failed+=("configuring"); return 0; }
  # What is not compiled here, as the fuzzers' programs, has no entry.
  for file in "${!files[@]}"; do
    grep -qF "/${files[file]}\"" "$build/compile_commands.json" || unset "files[$file]"
  done
  [ ${#files[@]} -gt 0 ] || return 0
  gate "clang-tidy of ${#files[@]} changed files" tidy_files "${files[@]}"
  left=$(grep -c '^not reached' "$log" || true)
  [ "$left" -eq 0 ] || say "clang-tidy: $left of these files were not reached within $seconds s (PIPETRAIN_GATES_SECONDS)"
}

export PYTHONDONTWRITEBYTECODE=1
get_tools
if [ "${1:-}" = format ]; then
  format -i
  exit
fi
if is_there "clang-format-$version" formatting; then gate formatting format --dry-run --Werror; fi
if is_there shellcheck "what shellcheck finds"; then gate "shell scripts" shell_scripts; fi
gate floors python3 tests/floors/check.py .
gate "length of files, width of prose and subjects" python3 tests/floors/readability.py .
if [ ${#failed[@]} -eq 0 ] && [ "${1:-}" != quick ] && is_there "clang-tidy-$version" "what clang-tidy finds"; then
  tidy
fi
if [ ${#failed[@]} -gt 0 ]; then
  printf -v names '%s, ' "${failed[@]}"
  say "Gates that failed: ${names%, }"
  exit 1
fi
