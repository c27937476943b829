#!/usr/bin/env bash
# Installs, builds and runs all tests; the last line is "N passed, N failed".
source "$(dirname "$0")/setup.sh"
install_packages
build_release
log="$build/meson-logs/testlog.json"
status=0
meson test -C "$build" --print-errorlogs "$@" || status=$?
python3 - "$log" <<'EOF'
import json, sys
results = [json.loads(line)["result"] for line in open(sys.argv[1])]
passed = sum(r in ("OK", "EXPECTEDFAIL") for r in results)
skipped = results.count("SKIP")
failed = len(results) - passed - skipped
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
EOF
exit "$status"
