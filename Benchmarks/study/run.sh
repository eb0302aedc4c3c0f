#!/bin/bash
# Repeats the measurements of docs/study.md.
#
#   Benchmarks/study/run.sh SHARED OUTPUT [PART …]
#
# SHARED is the folder of reference texts (it holds data/wikitext2 and data/c4), OUTPUT receives the
# results. Parts: main cross ratios batches topics probe context self gemma decode; without any, all.
# An interrupted sweep goes on where it stopped. SONDE names the program, WEIGHTS the storage of
# weights, THREADS the worker threads.
set -euo pipefail

shared=${1:?"usage: run.sh SHARED OUTPUT [PART …]"}
output=${2:?"usage: run.sh SHARED OUTPUT [PART …]"}
shift 2
parts=${*:-main cross ratios batches topics probe context self gemma decode}
sonde=${SONDE:-sonde}
common=(--weights "${WEIGHTS:-f32}" --threads "${THREADS:-$(nproc)}")

wiki=$shared/data/wikitext2/valid-slice-100KB.raw.txt
wiki_train=$shared/data/wikitext2/train-slice-1MB.raw.txt
c4=$shared/data/c4/c4_pf_chunks_600.jsonl
c4_train=$output/c4-train.jsonl
static=ppsp,wanda-sp,flap:pp-corrected
mkdir -p "$output"

# The first half of the whole documents; the chunks that are tested are from others.
head -n 150 "$shared/data/c4/c4_demo_300.jsonl" >"$c4_train"

# calibrate NAME [OPTION …]: unless it has been done.
calibrate() {
    local name=$output/$1.history
    shift
    [ -e "$name" ] || "$sonde" calibrate "${common[@]}" --context 256 --batch 20 -o "$name" "$@"
}

# history NAME: the calibration of that name, 200 windows of 256 tokens.
history() {
    case $1 in
    wiki) calibrate wiki --text "$wiki_train" --max-windows 200 ;;
    c4) calibrate c4 --text "$c4_train" --max-windows 200 ;;
    esac
}

# sweep NAME TEXT HISTORY [OPTION …]
sweep() {
    local name=$1 text=$2 history=$3
    shift 3
    history "$history"
    "$sonde" sweep "${common[@]}" --text "$text" --history "$output/$history.history" \
        -o "$output/$name" "$@"
}

# evaluate NAME HISTORY [OPTION …]: one batch of the validation slice at 0.4, unless it has been done.
evaluate() {
    local name=$output/$1.json history=$2
    shift 2
    [ -s "$name" ] && return
    history "$history"
    local ratio=(--prune-ratio 0.4 --history "$output/$history.history")
    [[ " $* " == *" --method dense "* ]] && ratio=()
    "$sonde" evaluate perplexity "${common[@]}" --text "$wiki" --context 256 --batch 20 \
        --max-batches 1 "${ratio[@]}" "$@" --json >"$name.part"
    mv "$name.part" "$name"
}

# decode NAME [OPTION …]: unless it has been done.
decode() {
    local name=$output/$1.json
    shift
    [ -s "$name" ] && return
    history wiki
    "$sonde" evaluate decode "${common[@]}" --text "$wiki" --history "$output/wiki.history" \
        --max-batches 2 "$@" --json >"$name.part"
    mv "$name.part" "$name"
}

for part in $parts; do
    case $part in
    main)
        sweep main "$wiki" wiki --methods "dense,spread,pp,full-batch,$static" --ratios 0.2,0.4
        ;;
    cross)
        sweep c4-wiki "$c4" wiki --methods "dense,spread,pp,$static" --ratios 0.2,0.4 --max-batches 1
        sweep wiki-c4 "$wiki" c4 --methods "spread,pp,$static" --ratios 0.2,0.4 --max-batches 1
        sweep c4-c4 "$c4" c4 --methods "spread,pp,$static" --ratios 0.2,0.4 --max-batches 1
        ;;
    ratios)
        for ratio in 0.3 0.5 0.1; do
            for method in spread pp ppsp wanda-sp; do
                evaluate "ratio-$ratio-$method" wiki --method $method --prune-ratio $ratio
            done
            evaluate "ratio-$ratio-flap" wiki --method flap --preset pp-corrected \
                --prune-ratio $ratio
        done
        ;;
    batches)
        # The first 8 windows of the validation slice, which main has in its first batch of 20.
        sweep batch-8 "$wiki" wiki --methods spread,pp --ratios 0.4,0.2 --batch 8 --max-batches 1
        sweep batch-1 "$wiki" wiki --methods spread,pp --ratios 0.4,0.2 --batch 1 --max-batches 8
        ;;
    topics)
        # The same pieces of eight articles, a batch about one of them and a batch about all.
        python3 "$(dirname "$0")/topics.py" "$wiki_train" "$output/one-topic.txt" "$output/mixed.txt"
        for text in one-topic mixed; do
            sweep $text "$output/$text.txt" wiki --methods dense,spread,pp,ppsp --ratios 0.4 --batch 8 \
                --max-batches 8
        done
        ;;
    probe)
        # Half and double the published probe's rows, on main's first batch.
        for method in spread pp; do
            evaluate "probe-half-$method" wiki --method $method --probe-tokens 0.25
            evaluate "probe-double-$method" wiki --method $method --probe-samples 0.1
        done
        # Sequences one by one, where the published probe is half of all rows.
        for ratio in 0.2 0.4; do
            for share in 0.5 0.25 0.1 0.05 0.025; do
                for method in spread pp; do
                    evaluate "single-$ratio-$share-$method" wiki --method $method \
                        --prune-ratio $ratio --probe-tokens $share --batch 1 --max-batches 16
                done
            done
            evaluate "single-$ratio-ppsp" wiki --method ppsp --prune-ratio $ratio --batch 1 \
                --max-batches 16
        done
        ;;
    context)
        # The 5,120 tokens of main's first batch, and 2.5 % of the rows in the probe as there.
        for method in dense spread pp ppsp; do
            evaluate "context-64-$method" wiki --method $method --context 64 --max-batches 4
            evaluate "context-1024-$method" wiki --method $method --context 1024 --batch 5 \
                --probe-tokens 0.125
        done
        ;;
    self)
        calibrate self --self 32
        calibrate wiki-32 --text "$wiki_train" --max-windows 32
        for name in self wiki-32; do
            for method in spread pp ppsp; do evaluate "$name-$method" "$name" --method $method; done
        done
        ;;
    gemma)
        calibrate gemma --model gemma3-270m --text "$wiki_train" --max-windows 60
        sweep gemma "$wiki" gemma --model gemma3-270m --methods dense,spread,pp,wanda-sp,ppsp \
            --ratios 0.2,0.4 --max-batches 1
        ;;
    decode)
        # 16 windows: 256 tokens of prompt, 256 decoded, eight sequences at once.
        decode decode-dense --method dense
        for method in spread pp; do
            for ratio in 0.2 0.4; do
                decode "decode-$ratio-$method" --method $method --prune-ratio $ratio
            done
            for steps in 16 64; do
                decode "decode-0.4-$method-refresh-$steps" --method $method --prune-ratio 0.4 \
                    --refresh-every $steps
            done
        done
        decode decode-0.4-ppsp --method ppsp --prune-ratio 0.4
        ;;
    *)
        echo "run.sh: no part called $part" >&2
        exit 64
        ;;
    esac
done
