#!/usr/bin/env bash
# Builds both llama.cpp libraries and converts the default model; skips what exists. Options go to build_llama.py.
set -euo pipefail

cd "$(dirname "$0")"
# Our own `sonde` needs neither of these Debian packages.
missing=()
compgen -G '/usr/lib/llvm-*/lib/libomp.so' >/dev/null || missing+=(libomp-19-dev)
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -gt 0 ]; then
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
python3 build_llama.py "$@"
"${SONDE_PEERS:-$HOME/.cache/sonde/peers}/python/bin/python" convert_model.py
