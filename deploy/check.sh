#!/usr/bin/env bash
# Checks what is in this folder as far as this machine can; says what it could not check.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missing() { echo "$1 is missing: $2 not checked"; }

python3 check_metrics.py
python3 -m json.tool grafana-dashboard.json >/dev/null
if python3 -c 'import yaml' 2>/dev/null; then
    python3 check_manifest.py
else
    missing "Python's yaml" kubernetes.yaml
fi
if command -v promtool >/dev/null; then
    promtool check rules prometheus-rules.yaml
else
    missing promtool prometheus-rules.yaml
fi
if command -v systemd-analyze >/dev/null; then
    # The binary need not be installed here.
    sed 's#/usr/local/bin/sonde#/bin/true#' sonde.service >"$work/sonde.service"
    systemd-analyze verify --man=no "$work/sonde.service"
    systemd-analyze security --offline=true --threshold=20 --no-pager "$work/sonde.service" | tail -1
else
    missing systemd-analyze sonde.service
fi
bash -n -c 'set -a; . ./sonde.env'
echo "deploy: checked"
