#!/bin/bash
# Repeats the measurements of docs/study.md.
#
#   Benchmarks/study/run.sh SHARED OUTPUT [PART …]
#
# SHARED is the folder of reference texts (it holds data/wikitext2 and data/c4), OUTPUT receives the
# results. Parts: published main cross batches ratios context self gemma; without any, all of them.
# An interrupted sweep goes on where it stopped. SONDE names the program, WEIGHTS the storage of weights.
set -euo pipefail

shared=${1:?"usage: run.sh SHARED OUTPUT [PART …]"}
output=${2:?"usage: run.sh SHARED OUTPUT [PART …]"}
shift 2
parts=${*:-published main cross batches ratios context self gemma}
sonde=${SONDE:-sonde}
weights=${WEIGHTS:-int8}

wiki=$shared/data/wikitext2/valid-slice-100KB.raw.txt
wiki_train=$shared/data/wikitext2/train-slice-1MB.raw.txt
c4=$shared/data/c4/c4_pf_chunks_600.jsonl
c4_train=$output/c4-train.jsonl
static=flap:pp-corrected,wanda-sp,ppsp
mkdir -p "$output"

# The first half of the whole documents; the chunks that are tested are from others.
head -n 150 "$shared/data/c4/c4_demo_300.jsonl" >"$c4_train"

# calibrate NAME TEXT [OPTION …]: 200 windows of 256 tokens, unless it has been done.
calibrate() {
    local name=$output/$1.history text=$2
    shift 2
    [ -e "$name" ] || "$sonde" calibrate --text "$text" --context 256 --batch 20 \
        --max-windows 200 -o "$name" "$@"
}

# sweep NAME TEXT HISTORY [OPTION …]
sweep() {
    local name=$1 text=$2 history=$3
    shift 3
    "$sonde" sweep --weights "$weights" --text "$text" --history "$output/$history.history" \
        -o "$output/$name" "$@"
}

calibrate wiki "$wiki_train" --weights "$weights"
calibrate c4 "$c4_train" --weights "$weights"

for part in $parts; do
    case $part in
    published)
        calibrate wiki-f32 "$wiki_train" --weights f32
        weights=f32 sweep published "$wiki" wiki-f32 \
            --methods dense,pp,full-batch,flap:pp,flap:pp-corrected,wanda-sp --ratios 0.2,0.4
        ;;
    main) sweep main "$wiki" wiki --methods "spread,pp,$static" --ratios 0.2,0.4 ;;
    cross)
        sweep c4-c4 "$c4" c4 --methods "spread,pp,$static" --ratios 0.2,0.4 --max-batches 1
        sweep c4-wiki "$c4" wiki --methods "spread,pp,$static" --ratios 0.2,0.4 --max-batches 1
        sweep wiki-c4 "$wiki" c4 --methods "spread,pp,$static" --ratios 0.2,0.4 --max-batches 1
        ;;
    batches)
        sweep batches "$wiki" wiki --methods spread,pp --ratios 0.2,0.4 --batch 1 --batch 8 \
            --max-batches 4
        ;;
    ratios) sweep ratios "$wiki" wiki --methods spread,pp --ratios 0.1,0.3,0.5 --max-batches 1 ;;
    context)
        sweep context "$wiki" wiki --methods spread,pp --ratios 0.4 --context 64 --context 1024 \
            --batch 5 --max-batches 1
        ;;
    self)
        [ -e "$output/self.history" ] || "$sonde" calibrate --weights "$weights" --self 32 \
            --context 256 -o "$output/self.history"
        sweep self "$wiki" self --methods spread,pp --ratios 0.4 --max-batches 1
        ;;
    gemma)
        calibrate gemma "$wiki_train" --weights "$weights" --model gemma3-270m --max-windows 60
        sweep gemma "$wiki" gemma --model gemma3-270m --methods "spread,pp,$static" \
            --ratios 0.2,0.4 --max-batches 1
        ;;
    *)
        echo "run.sh: no part called $part" >&2
        exit 64
        ;;
    esac
done
