"""Perplexity of one text under Sonde and under llama.cpp: the same file, tokens and windows.

Prints one line a storage format, or JSON. Fails when the tokens differ, or the perplexities by more than allowed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from paths import COMPILERS, default_model, fail, prefix, venv_python

ROOT = Path(__file__).resolve().parents[2]


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", type=Path, help="UTF-8 text")
    parser.add_argument("--model", type=Path, default=default_model(), help="GGUF file that both load")
    parser.add_argument("--weights", action="append", help="a format of ours (may be repeated; default: auto int8 f32)")
    parser.add_argument("--context", type=int, default=256, help="tokens a window (default: 256)")
    parser.add_argument("--windows", type=int, help="most windows to score (default: all)")
    parser.add_argument("--threads", type=int, default=2, help="threads of either (default: 2)")
    parser.add_argument("--compiler", choices=COMPILERS, default="gcc", help="the build of llama.cpp (default: gcc)")
    parser.add_argument("--sonde", type=Path, default=ROOT / ".build/release/sonde", help="our binary")
    parser.add_argument("--tolerance", type=float, default=0.01, help="largest relative difference (default: 0.01)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    return parser.parse_args()


def output_of(command: list[str]) -> dict[str, Any]:
    """The JSON object that a command prints; its errors go to standard error as they are."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    except OSError as error:
        fail(f"cannot start {command[0]}: {error.strerror}")
    if done.returncode != 0:
        fail(f"{Path(command[0]).name} ended with {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def our_answer(arguments: argparse.Namespace, weights: str, tokens_file: Path) -> dict[str, Any]:
    """What `sonde evaluate perplexity` says; it writes its tokens, one a line."""
    limit = ["--max-batches", str(arguments.windows)] if arguments.windows else []
    return output_of(
        [str(arguments.sonde), "evaluate", "perplexity", "--model", str(arguments.model), "--weights", weights]
        + ["--text", str(arguments.text), "--context", str(arguments.context), "--batch", "1"]
        + ["--threads", str(arguments.threads), "--tokens-out", str(tokens_file), "--log-level", "error", "--json", *limit]
    )


def main() -> None:
    """Runs llama.cpp once, then ours in every format."""
    arguments = parse_arguments()
    build = prefix(arguments.compiler)
    if not (build / "build.json").exists():
        fail(f"{build} is missing; run Benchmarks/peers/setup.sh first")
    theirs = output_of(
        [str(venv_python()), str(Path(__file__).with_name("llama_perplexity.py")), "--prefix", str(build)]
        + ["--model", str(arguments.model), "--text", str(arguments.text)]
        + ["--context", str(arguments.context), "--threads", str(arguments.threads)]
        + (["--windows", str(arguments.windows)] if arguments.windows else [])
    )
    result: dict[str, Any] = {
        "model": arguments.model.stem,
        "context": arguments.context,
        "windows": theirs["windows"],
        "llama_cpp": theirs["perplexity"],
        "sonde": {},
    }
    for weights in arguments.weights or ("auto", "int8", "f32"):
        with tempfile.TemporaryDirectory() as folder:
            tokens_file = Path(folder) / "tokens"
            ours = our_answer(arguments, weights, tokens_file)
            tokens = [int(line) for line in tokens_file.read_text().split()]
        pairs = zip(tokens, theirs["tokens"])
        if tokens != theirs["tokens"]:
            place = next((place for place, (a, b) in enumerate(pairs) if a != b), "the shorter's end")
            fail(f"tokens differ from {place} on: ours {len(tokens)}, llama.cpp's {len(theirs['tokens'])}")
        result["sonde"][weights] = {
            "weights": ours["weights"],
            "perplexity": ours["perplexity"],
            "relative_difference": ours["perplexity"] / theirs["perplexity"] - 1,
        }
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print(f"{result['model']}, {theirs['windows']} windows of {arguments.context}: llama.cpp {theirs['perplexity']:.4f}")
        for weights, ours in result["sonde"].items():
            name = weights if weights == ours["weights"] else f"{weights} ({ours['weights']})"
            print(f"  sonde {name}: {ours['perplexity']:.4f} ({100 * ours['relative_difference']:+.3f} %)")
    if any(abs(ours["relative_difference"]) > arguments.tolerance for ours in result["sonde"].values()):
        print(f"error: differs by more than {100 * arguments.tolerance:g} %", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
