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

compile() { # instruction set, further flags
    set=$1
    shift
    for source in "$kernels/$set"/*.c; do
        # shellcheck disable=SC2086
        $cc $flags "$@" -c "$source" -o "$build/$set-$(basename "$source" .c).o"
    done
}
link() {
    for test in kernels attention integer; do
        # shellcheck disable=SC2086
        $cc $flags "$kernels/dispatch.c" "$kernels/weights.c" "$kernels/cache.c" "$here/${test}_test.c" "$build"/*.o \
            -lm -o "$build/$test" 2>"$build/link" || { cat "$build/link" >&2; exit 1; }
        # gold warns of each symbol of the sanitizer's that it does not export
        grep -v 'Cannot export local symbol' "$build/link" >&2 || true
    done
}

echo "Natively:"
for set in scalar avx2 avx512; do compile $set; done
link
status=0
for test in kernels attention integer; do
    echo "$test"
    "$build/$test" || status=$?
done >"$build/log"
cat "$build/log"
[ $status = 0 ] || exit $status

case $(uname -m) in
x86_64 | amd64) ;;
*) exit 0 ;;
esac
if [ "${1:-}" != emulated ] && grep -q '^avx512' "$build/log"; then exit 0; fi
echo "Emulated by SIMDe:"
compile avx512 -include "$here/simde-avx512.h" -Wno-psabi
link
for test in kernels attention integer; do "$build/$test" emulated; done
