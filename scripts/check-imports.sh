#!/usr/bin/env bash
# Imports run one way (docs/architecture.md). Fails when a target imports one above it, or when
# a target other than Kernels imports the C modules.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A allowed=(
    [Kernels]="CFutex CKernels CNuma COpenBLAS"
    [ProbeScheduler]="Kernels"
    [JSONText]=""
    [ModelFiles]="CZlib JSONText"
    [Tokenizers]="JSONText"
    [Runtime]="Kernels ProbeScheduler ModelFiles Tokenizers"
    [StaticPruning]="Kernels ProbeScheduler ModelFiles Tokenizers Runtime"
    [Evaluation]="Kernels ProbeScheduler ModelFiles Tokenizers Runtime"
    [Server]="JSONText Kernels ProbeScheduler ModelFiles Tokenizers Runtime"
    [LoadGenerator]=""
    [serve-cli]="Kernels ProbeScheduler ModelFiles Tokenizers Runtime StaticPruning Evaluation LoadGenerator Server"
    [TestSupport]="Kernels ProbeScheduler ModelFiles Tokenizers Runtime"
)
ours=" CFutex CKernels CNuma COpenBLAS CZlib ${!allowed[*]} "
failed=0
for target in "${!allowed[@]}"; do
    while read -r file module; do
        [[ "$ours" == *" $module "* ]] || continue
        if [[ " ${allowed[$target]} " != *" $module "* ]]; then
            echo "$file: $target must not import $module" >&2
            failed=1
        fi
    done < <(grep -rHoE '^(@[a-zA-Z_]+ )?(public |package |internal |private )?import [A-Za-z]+' \
        "Sources/$target" --include '*.swift' | sed -E 's/:.*import /  /')
done
exit $failed
