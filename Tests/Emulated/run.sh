#!/bin/sh
# Tests all tables of kernels under the address and undefined-behaviour sanitizers: those of this
# CPU natively, and that of AVX-512 through SIMDe where the CPU lacks it or `run.sh emulated` asks for
# it. Needs clang and, for the latter, libsimde-dev. CC may name another clang.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
kernels=$here/../../Sources/CKernels
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

cc=${CC:-clang}
flags="-O1 -g -std=c17 -Wall -Wextra -Werror -fno-math-errno
    -fsanitize=address,undefined -fno-sanitize-recover=all"
tests="kernels attention integer"

compile() { # name of the objects, folder of the sources, further flags
    name=$1
    folder=$2
    shift 2
    # shellcheck disable=SC2086
    for source in "$folder"/*.c; do
        printf '%s\0-o\0%s\0' "$source" "$build/$name-$(basename "$source" .c).o"
    done | xargs -0 -n 3 -P "$(nproc)" $cc $flags "$@" -c
}
link() {
    for test in $tests; do
        # shellcheck disable=SC2086
        $cc $flags "$here/${test}_test.c" "$build"/*.o -lm -o "$build/$test" 2>"$build/link" ||
            { cat "$build/link" >&2; exit 1; }
        # gold warns of each symbol of the sanitizer's that it does not export
        grep -v 'Cannot export local symbol' "$build/link" >&2 || true
    done
}

check() { # arguments of the tests
    status=0
    # shellcheck disable=SC2016,SC2086
    printf '%s\n' $tests | xargs -P "$(nproc)" -I{} sh -c '"$0/{}" "$@" >"$0/{}.log" 2>&1' "$build" "$@" || status=$?
    for test in $tests; do
        echo "$test"
        cat "$build/$test.log"
    done
    return $status
}

echo "Natively:"
compile common "$kernels"
for set in scalar avx2 avx512; do compile $set "$kernels/$set"; done
link
check

case $(uname -m) in
x86_64 | amd64) ;;
*) exit 0 ;;
esac
if [ "${1:-}" != emulated ] && grep -q '^avx512' "$build"/*.log; then exit 0; fi
echo "Emulated by SIMDe:"
compile avx512 "$kernels/avx512" -include "$here/simde-avx512.h" -Wno-psabi
link
check emulated
