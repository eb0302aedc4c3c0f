#!/usr/bin/env bash
# The real binary, the real small model, the official client: `make test-server` runs this.
# Needs python3; installs the `openai` package into a folder of its own when it is missing.
set -euo pipefail
cd "$(dirname "$0")"
sonde=${1:?usage: run.sh PATH-TO-SONDE}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

python=python3
if ! python3 -c 'import openai' 2>/dev/null; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet 'openai>=1.40'
    python="$work/venv/bin/python"
fi

"$sonde" generate "The Eiffel Tower is located in" --max-tokens 24 --json >"$work/expected.json" \
    2>/dev/null
"$sonde" serve --port 0 --max-prune-ratio 0.5 2>"$work/log" &
server=$!
for _ in $(seq 300); do
    url=$(sed -n 's/.*listening on \(http:.*\)/\1/p' "$work/log")
    [ -n "$url" ] && break
    kill -0 "$server" 2>/dev/null || {
        cat "$work/log" >&2
        exit 1
    }
    sleep 0.1
done

"$python" openai_client.py "$url" "$work/expected.json"
"$python" - "$url" >"$work/metrics" <<'PYTHON'
import sys, urllib.request
sys.stdout.write(urllib.request.urlopen(sys.argv[1] + "/metrics").read().decode())
PYTHON
if command -v promtool >/dev/null; then
    promtool check metrics <"$work/metrics"
    echo "promtool: $(grep -c '^# TYPE' "$work/metrics") metrics are clean"
else
    echo "promtool is missing (Debian: prometheus): metrics not checked"
fi

"$python" drain.py "$url" "$server"
status=0
wait "$server" || status=$?
server=
[ "$status" -eq 0 ] || {
    echo "the server ended with $status after SIGTERM" >&2
    tail -5 "$work/log" >&2
    exit 1
}
echo "server tests passed"
