#!/usr/bin/env bash
# The page at / in headless Chromium, without and with an API key. Needs python3 and Chromium;
# Playwright's Python package goes into a folder of its own, its browsers are not downloaded.
# usage: run.sh PATH-TO-SONDE [FOLDER-FOR-SCREENSHOTS]
set -euo pipefail
cd "$(dirname "$0")"
sonde=${1:?usage: run.sh PATH-TO-SONDE [FOLDER-FOR-SCREENSHOTS]}
work=$(mktemp -d)
pictures=${2:-$work}
server=
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

python=${PAGE_PYTHON:-python3}
if ! "$python" -c 'import playwright' 2>/dev/null; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet playwright
    python="$work/venv/bin/python"
fi

start() {
    "$sonde" serve --port 0 "$@" 2>"$work/log" &
    server=$!
    url=
    for _ in $(seq 600); do
        url=$(sed -n 's/.*listening on \(http:.*\)/\1/p' "$work/log")
        [ -n "$url" ] && return
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/log" >&2
    exit 1
}

start
"$python" page_test.py "$url" "$pictures"
kill "$server"
wait "$server"
start --api-key secret
"$python" page_test.py "$url" "$pictures" secret
kill "$server"
wait "$server"
server=
echo "page tests passed"
