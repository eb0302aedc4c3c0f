"""Prints the figures of docs/study.md from the results of run.sh.

    tables.py OUTPUT [NAME[:WINDOWS] …]

NAME is a sweep's folder; without any, all of them and single evaluations. With WINDOWS only so many
first windows count.
Perplexity is exp of the mean negative log-likelihood of all windows.
"""

import json
import math
import pathlib
import sys


def perplexity(means):
    return math.exp(sum(means) / len(means))


def show(folder, limit):
    lines = [json.loads(line) for line in open(folder / "sweep.jsonl")]
    runs = {}
    for record in lines[1:]:
        cell = record["cell"]
        runs.setdefault((cell["text"], cell["context"], cell["batch"]), {}).setdefault(
            (record["run"]["ratio"], record["run"]["method"]), []
        ).append(record)
    for cell, methods in runs.items():
        print(f"\n{folder.name}: {cell[0]}, windows of {cell[1]} tokens, batch {cell[2]}")
        base = {}
        for key, records in methods.items():
            records.sort(key=lambda record: record["index"])
            base[key] = [mean for record in records for mean in record["windowMeans"]][:limit]
        for key in sorted(base):
            (ratio, method), means, records = key, base[key], methods[key]
            text = f"{method:20} {ratio:.1f} {len(means):3} windows {perplexity(means):8.3f}"
            other = base.get((ratio, "pp"))
            if other and len(other) == len(means) and method != "pp":
                differences = [a - b for a, b in zip(means, other)]
                mean = sum(differences) / len(means)
                squares = sum((d - mean) ** 2 for d in differences)
                error = math.sqrt(squares / max(1, len(means) - 1) / len(means))
                text += f"  ÷ pp {math.exp(mean):.3f} ± {math.exp(mean) * error:.3f}"
                if len(records) > 1 and cell[2] > 1 and limit is None:
                    pairs = zip(records, methods[ratio, "pp"])
                    text += " by batch " + " ".join(
                        f"{perplexity(a['windowMeans']) / perplexity(b['windowMeans']):.3f}"
                        for a, b in pairs
                    )
            run = sum(record["realisedRatio"] for record in records) / len(records)
            probe = sum(record["probeRatio"] for record in records) / len(records)
            text += f"  multiply-adds {100 * run:.1f} %, probe {100 * probe:.2f} %"
            for name, parity in (("heads", 0), ("channels", 1)):
                overlaps = [
                    overlap
                    for record in records
                    for overlap in record["overlaps"][parity::2]
                    if overlap is not None
                ]
                if overlaps:
                    text += f", overlap of {name} {sum(overlaps) / len(overlaps):.3f}"
            print(text)


def show_decoding(name, found):
    """One line of `evaluate decode`; perplexity and overlap of masks by stretch."""
    stretches = " ".join(
        f"{stretch['perplexity']:.2f}"
        + (f" ({stretch['mask_overlap']:.3f})" if stretch.get("mask_overlap") else "")
        for stretch in found["stretches"]
    )
    print(
        f"{name:30} {found['windows']:3} windows {found['perplexity']:7.2f} ="
        f" {stretches}  multiply-adds {100 * found['realised_flops_ratio']:.1f} %"
    )


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: tables.py OUTPUT [NAME[:WINDOWS] …]")
    output = pathlib.Path(sys.argv[1])
    names = sys.argv[2:] or sorted(path.parent.name for path in output.glob("*/sweep.jsonl"))
    for name in names:
        name, _, limit = name.partition(":")
        show(output / name, int(limit) if limit else None)
    for path in [] if sys.argv[2:] else sorted(output.glob("*.json")):
        found = json.loads(path.read_text())
        if "stretches" in found:
            show_decoding(path.stem, found)
            continue
        print(
            f"{path.stem:26} {found['windows']:3} windows {found['perplexity']:8.3f}"
            f"  multiply-adds {100 * found['realised_flops_ratio']:.1f} %,"
            f" probe {100 * found['probe_flops_ratio']:.2f} %"
        )


main()
