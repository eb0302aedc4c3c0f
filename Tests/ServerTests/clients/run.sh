#!/usr/bin/env bash
# The real binary, the real small model, the clients that operators use: `make test-clients` runs this.
#   openai         the official Python client, streaming and not
#   lm-eval        local-completions scores as `sonde evaluate tasks` does (needs $SONDE_SHARED/data)
#   promtool       the metrics (Debian: prometheus)
#   schemathesis   what docs/openapi.json allows, and more: no 5xx, no answer outside the schema
#   tls, drain     HTTPS with a certificate of our own; SIGTERM under load
# Needs python3; installs PyPI's clients into a folder of its own, $SONDE_CLIENTS or beside the build.
set -euo pipefail
sonde=$(realpath "${1:?usage: run.sh PATH-TO-SONDE}")
cd "$(dirname "$0")"
root=$(cd ../../.. && pwd)
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

clients=${SONDE_CLIENTS:-$root/.build/clients}
if [ ! -x "$clients/bin/st" ] || [ ! -x "$clients/bin/lm_eval" ]; then
    python3 -m venv "$clients"
    "$clients/bin/pip" install --quiet 'openai>=1.40' 'lm-eval[api]>=0.4.9' 'schemathesis>=4'
fi
python="$clients/bin/python"

# Starts the server with the given options and leaves its address in $url.
serve() {
    : >"$work/log"
    "$sonde" serve --port 0 "$@" 2>"$work/log" &
    server=$!
    url=
    for _ in $(seq 600); do
        url=$(sed -n 's/.*listening on \(http.*\)/\1/p' "$work/log")
        [ -n "$url" ] && return
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/log" >&2
    exit 1
}

# Ends the server with SIGTERM.
finish() {
    kill -TERM "$server" 2>/dev/null || true
    await_end
}

# Waits for the end of a server that has had SIGTERM; it must exit with 0.
await_end() {
    local status=0
    wait "$server" || status=$?
    server=
    [ "$status" -eq 0 ] && return
    echo "the server ended with $status after SIGTERM" >&2
    tail -5 "$work/log" >&2
    exit 1
}

"$sonde" generate "The Eiffel Tower is located in" --max-tokens 24 --json >"$work/expected.json" \
    2>/dev/null
serve --max-prune-ratio 0.5
"$python" openai_client.py "$url" "$work/expected.json"

data=${SONDE_SHARED:-$root/../shared}/data/commonsense
if [ -d "$data" ]; then
    "$python" tasks_agree.py "$sonde" "$url" smollm2-135m "$data" "$work" \
        "${SONDE_TASK_EXAMPLES:-20}" 2>"$work/lm-eval.log" || {
        tail -20 "$work/lm-eval.log" >&2
        exit 1
    }
else
    echo "no commonsense tasks beside the checkout: lm-eval not run"
fi

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
await_end

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
serve --host localhost --tls-cert "$work/cert.pem" --tls-key "$work/key.pem"
"$python" tls.py "$url" "$work/cert.pem"
finish
if "$sonde" serve --tls-cert "$work/log" --tls-key "$work/key.pem" 2>"$work/refusal"; then
    echo "tls: a file that is no certificate was accepted" >&2
    exit 1
fi
grep -q "a certificate chain in PEM" "$work/refusal"

# A short context and few choices: what is tried is the interface, not the model. One worker: CPython 3.11
# parses a strategy's source wrongly now and then while another thread does ("recursion depth mismatch").
serve --max-model-len 64 --max-choices 2 --max-num-seqs 8
"$clients/bin/st" run "$root/docs/openapi.json" --url "$url" --no-color \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
    --max-examples "${SONDE_SCHEMA_EXAMPLES:-40}" --seed 1 --request-timeout 60 --workers 1 \
    >"$work/schemathesis" || {
    tail -80 "$work/schemathesis" >&2
    exit 1
}
tail -4 "$work/schemathesis"
finish
echo "server tests passed"
