#!/bin/sh
# expect_error.sh CODE PATTERN COMMAND...: the command ends within 8 seconds with that exit code (any but 0: "fail"),
# prints exactly one error line, which has PATTERN in it (none: no error line), and leaves no rank running.
code=$1 pattern=$2
shift 2
out=$(mktemp)
trap 'rm -f "$out"' EXIT
start=$(date +%s)
timeout -k 1 30 "$@" >"$out" 2>&1
got=$?
# Open MPI 5 ends what it says with a zero, before a line of ours perhaps.
tr -d '\000' <"$out" >"$out.text" && mv "$out.text" "$out"
seconds=$(($(date +%s) - start))
lines=$(grep -c '^pipetrain: error: ' "$out")
fail() {
  echo "$1"
  cat "$out"
  exit 1
}
if [ "$code" = fail ]; then
  [ "$got" -ne 0 ] || fail "exit code 0"
else
  [ "$got" -eq "$code" ] || fail "exit code $got, expected $code"
fi
[ "$seconds" -le 8 ] || fail "ended after $seconds s"
if [ "$pattern" = none ]; then
  [ "$lines" -eq 0 ] || fail "$lines error lines, expected none"
else
  [ "$lines" -eq 1 ] || fail "$lines error lines, expected 1"
  grep '^pipetrain: error: ' "$out" | grep -q "$pattern" || fail "no '$pattern' in the error"
fi
grep '^pipetrain: error: ' "$out"
exit 0
