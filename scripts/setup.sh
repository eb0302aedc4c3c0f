#!/usr/bin/env bash
# Installs the Debian packages that building and running need, and those that are named, and says what else is
# missing.
set -euo pipefail

packages=(libopenblas-dev libnuma-dev zlib1g-dev pkg-config python3 python3-pip
    ca-certificates clang-format libsimde-dev "$@")

if ! command -v swift >/dev/null 2>&1; then
    echo "setup: no swift on PATH; install a Swift 6.2 or newer toolchain (swift.org/install)" >&2
    exit 1
fi
command -v dpkg-query >/dev/null 2>&1 || {
    echo "setup: not a Debian system; install the equivalents of: ${packages[*]}" >&2
    exit 0
}

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "setup: as root, run: apt-get install ${missing[*]}" >&2
        exit 1
    }
    as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
