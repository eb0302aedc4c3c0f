"""Measures Sonde and two builds of llama.cpp side by side: one run of each in turn, medians of the rounds.

Prints one Markdown table, and writes every measurement as JSON where asked to.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from comparison import Rounds, alternate
from machine import Machine, busy_core
from paths import COMPILERS, FORMATS, LLAMA_VERSION, converted_model, default_model, fail, prefix, venv_python
from side import Side, SideFailure
from speed_tests import TESTS
from table import OURS, Start, render

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PAIRS = ("int8:q8_0", "bf16:bf16", "f32:f32")
DEFAULT_PEERS_ONLY = ("q8_0", "q4_0", "bf16", "f32")
DEFAULT_OURS = "{sonde} bench --serve-stdin --model {model} --weights {format} --threads {threads}"


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=default_model(), help="GGUF file that Sonde loads")
    parser.add_argument(
        "--pair",
        action="append",
        metavar="OURS:THEIRS",
        help=f"weight formats to compare (may be repeated; default: {' '.join(DEFAULT_PAIRS)});"
        f" theirs: {', '.join(FORMATS)} or q4_1",
    )
    parser.add_argument("--test", action="append", choices=list(TESTS), help="a test (may be repeated; default: all)")
    parser.add_argument("--threads", type=int, action="append", help="thread count (may be repeated; default: 1 and 2)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds a test (default: 5)")
    parser.add_argument("--compiler", action="append", choices=COMPILERS, help="a build of llama.cpp (default: both)")
    parser.add_argument("--sonde", type=Path, default=ROOT / ".build/release/sonde", help="our binary")
    parser.add_argument("--ours-command", default=DEFAULT_OURS, help=f"how ours is started (default: {DEFAULT_OURS!r})")
    parser.add_argument("--peers-only", action="store_true", help="leave ours out; a pair is then theirs alone")
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="what a second is; cpu suits one thread on a noisy machine",
    )
    parser.add_argument("--busy", action="store_true", help="let another process keep one core busy meanwhile")
    parser.add_argument("--busy-core", type=int, default=1, help="the core that --busy takes (default: 1)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds one run may take (default: 600)")
    parser.add_argument("--json", type=Path, help="file for every measurement")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: expected 1 or more")
    if any(count < 1 for count in arguments.threads or []):
        parser.error("--threads: expected 1 or more")
    for pair in arguments.pair or []:
        ours, _, theirs = pair.rpartition(":")
        if theirs not in (*FORMATS, "q4_1") or ":" in ours or not (ours or arguments.peers_only):
            parser.error(f"--pair {pair}: expected OURS:THEIRS, with theirs of {', '.join(FORMATS)}, q4_1")
    arguments.pair = arguments.pair or (DEFAULT_PEERS_ONLY if arguments.peers_only else DEFAULT_PAIRS)
    arguments.compiler = list(dict.fromkeys(arguments.compiler or COMPILERS))
    return arguments


def our_command(arguments: argparse.Namespace, weight_format: str, threads: int) -> list[str]:
    """How our side is started."""
    values = {
        "sonde": str(arguments.sonde),
        "model": str(arguments.model),
        "format": weight_format,
        "threads": str(threads),
    }
    try:
        return [part.format(**values) for part in shlex.split(arguments.ours_command)]
    except (KeyError, IndexError, ValueError) as error:
        fail(f"--ours-command: {error}; expected the fields {', '.join(values)}")


def peer_command(arguments: argparse.Namespace, compiler: str, weight_format: str, threads: int) -> list[str]:
    """How one build of llama.cpp is started."""
    model = converted_model(arguments.model, weight_format)
    for needed in (prefix(compiler) / "build.json", model):
        if not needed.exists():
            fail(f"{needed} is missing; run Benchmarks/peers/setup.sh first")
    return [
        *(str(venv_python()), str(Path(__file__).with_name("llama_bench.py")), "--serve"),
        *("--prefix", str(prefix(compiler)), "--model", str(model), "--threads", str(threads)),
    ]


def compare_pair(arguments: argparse.Namespace, pair: str, threads: int) -> tuple[Start, list[Rounds]]:
    """Loads one pair of formats on every side, and runs every test.

    Raises:
        SideFailure: A side failed.
    """
    ours, _, theirs = pair.rpartition(":")
    commands = {} if arguments.peers_only else {OURS: our_command(arguments, ours, threads)}
    formats = {} if arguments.peers_only else {OURS: ours}
    for compiler in arguments.compiler:
        commands[compiler] = peer_command(arguments, compiler, theirs, threads)
        formats[compiler] = theirs
    with ExitStack() as stack:
        sides = []
        for label, command in commands.items():
            side = Side(label, command, arguments.timeout)
            stack.callback(side.close)
            sides.append(side)
        start = Start(
            threads,
            formats,
            load_seconds={side.label: side.load_seconds for side in sides},
            baseline_rss_bytes={side.label: side.baseline_rss_bytes for side in sides},
        )
        group = []
        for name in arguments.test or TESTS:
            print(f"{pair}, {threads} thread(s): {name}", file=sys.stderr, flush=True)
            rounds = Rounds(TESTS[name], threads, formats, uses_cpu_time=arguments.clock == "cpu")
            alternate(sides, rounds, arguments.rounds)
            group.append(rounds)
        return start, group


def notes(arguments: argparse.Namespace) -> list[str]:
    """What to know beside the numbers: the builds and the command."""
    lines = [f"llama.cpp: the source in llama-cpp-python {LLAMA_VERSION}, GGML_NATIVE, OpenMP, flash attention on."]
    for compiler in arguments.compiler:
        build = json.loads((prefix(compiler) / "build.json").read_text())
        lines.append(f"{compiler}: {build['compiler']}.")
    if arguments.clock == "cpu":
        lines.append("Seconds are CPU seconds of the process.")
    if arguments.busy:
        lines.append(f"Another process kept core {arguments.busy_core} busy.")
    lines.append(f"Command: `{shlex.join(['python3', 'Benchmarks/peers/compare.py', *sys.argv[1:]])}`.")
    return lines


def main() -> None:
    """Compares every pair at every thread count."""
    arguments = parse_arguments()
    # Being terminated unwinds too, so that neither a side nor the busy loop outlives the driver.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    machine = Machine.current()
    groups = []
    try:
        with busy_core(arguments.busy_core if arguments.busy else None):
            for threads in arguments.threads or (1, 2):
                for pair in arguments.pair:
                    groups.append(compare_pair(arguments, pair, threads))
    except SideFailure as error:
        fail(str(error))
    if arguments.json:
        document = {
            "machine": machine.as_json(),
            "notes": notes(arguments),
            "starts": [asdict(start) for start, _ in groups],
            "rounds": [rounds.as_json() for _, group in groups for rounds in group],
        }
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    try:
        print(render(groups, arguments.compiler, machine, notes(arguments)))
    except SideFailure as error:
        fail(str(error))


if __name__ == "__main__":
    main()
