#!/bin/sh
# Usage: Fuzz/run.sh TARGET SECONDS [libFuzzer options]
# Builds the fuzz target Fuzz/TARGET with the address sanitizer and lets it run. The corpus grows in
# fuzz-corpus/TARGET; an input that breaks something is left in fuzz-corpus/TARGET-failures.
set -eu
if [ $# -lt 2 ] || [ ! -d "$(dirname "$0")/$1" ]; then
    echo "usage: $0 TARGET SECONDS [libFuzzer options]; targets:" \
        "$(ls -d "$(dirname "$0")"/*/ | xargs -n 1 basename | xargs)" >&2
    exit 64
fi
target=$1 seconds=$2
shift 2
cd "$(dirname "$0")/.."
corpus=fuzz-corpus/$target failures=fuzz-corpus/$target-failures build=.build-fuzz
mkdir -p "$corpus" "$failures" "$build"

# The files that read the format, without what needs the network or other packages; and what the
# seeds are written with.
set -- "$@" --
case $target in
gguf | safetensors)
    sources="Sources/ModelFiles/MappedFile.swift Sources/ModelFiles/ModelFile.swift \
        Sources/ModelFiles/ModelFileError.swift Sources/ModelFiles/ModelFileError+Description.swift \
        Sources/ModelFiles/TensorInfo.swift Sources/ModelFiles/TensorSource.swift"
    for folder in GGUF HuggingFace Formats Config; do
        sources="$sources $(find "Sources/ModelFiles/$folder" -name '*.swift')"
    done
    writers="Tests/ModelFilesTests/GGUFWriter.swift Tests/ModelFilesTests/SafetensorsWriter.swift \
        Tests/ModelFilesTests/TinyLlama.swift"
    ;;
jinja | tokenizer-json)
    sources=$(find Sources/Tokenizers -name '*.swift')
    writers=
    ;;
*)
    echo "$0: do not know the sources of $target" >&2
    exit 64
    ;;
esac
settings="-swift-version 6 -parse-as-library -module-name Fuzz -strict-memory-safety \
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault \
    -enable-upcoming-feature MemberImportVisibility"

# The JSON reader is a module of its own; folders keep its two builds apart.
json_module() { # FOLDER OPTIONS…
    mkdir -p "$build/$1"
    folder=$build/$1
    shift
    # shellcheck disable=SC2086,SC2046 # lists of words
    swiftc "$@" -swift-version 6 -parse-as-library -module-name JSONText -emit-module \
        -emit-module-path "$folder/JSONText.swiftmodule" -static -emit-library \
        -o "$folder/libJSONText.a" $(find Sources/JSONText -name '*.swift')
}
json_module plain -Onone
json_module fuzzed -O -g -sanitize=fuzzer,address
plain="-I $build/plain -L $build/plain -lJSONText" fuzzed="-I $build/fuzzed -L $build/fuzzed -lJSONText"

# shellcheck disable=SC2086 # lists of words
swiftc -Onone $settings $sources $writers "Fuzz/$target/Seeds.swift" $plain -o "$build/$target-seeds"
"$build/$target-seeds" "$corpus"
# shellcheck disable=SC2086
swiftc -O -g $settings -sanitize=fuzzer,address $sources "Fuzz/$target/FuzzTarget.swift" \
    $fuzzed -o "$build/$target"

options=
while [ "$1" != -- ]; do
    options="$options $1"
    shift
done
# shellcheck disable=SC2086
exec "$build/$target" -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=1024 \
    -print_final_stats=1 -artifact_prefix="$failures/" $options "$corpus"
