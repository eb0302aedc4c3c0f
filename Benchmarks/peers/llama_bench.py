"""Measures one llama.cpp build on one model, in the manner of llama-bench.

With `--serve` it speaks the line protocol of README.md, so that a driver can alternate it with others;
without, it runs the tests by itself and prints one JSON object.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from pathlib import Path

from llama_engine import LlamaEngine, LlamaFailure
from paths import fail
from speed_tests import TESTS


def peak_rss_bytes() -> int:
    """The largest resident size of this process so far (not of what exec replaced, as `getrusage` would)."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def measure(engine: LlamaEngine, name: object) -> dict[str, object]:
    """Runs one test once.

    Raises:
        LlamaFailure: The test is unknown, or llama.cpp refused it.
    """
    test = TESTS.get(name) if isinstance(name, str) else None
    if test is None:
        raise LlamaFailure(f"unknown test {name!r}; expected one of {', '.join(TESTS)}")
    duration = engine.run(test)
    return {
        "test": test.name,
        "seconds": duration.wall,
        "cpu_seconds": duration.cpu,
        "tokens": test.token_count,
        "peak_rss_bytes": peak_rss_bytes(),
    }


def answer(line: str, engine: LlamaEngine) -> dict[str, object]:
    """The protocol's answer to one input line."""
    try:
        request = json.loads(line)
    except ValueError as error:
        return {"error": f"input line is not JSON: {error}"}
    if not isinstance(request, dict):
        return {"error": "input line is not a JSON object"}
    try:
        return measure(engine, request.get("test"))
    except LlamaFailure as error:
        return {"error": str(error)}


def serve(engine: LlamaEngine, ready: dict[str, object]) -> None:
    """Says that the model is loaded, then answers every input line with one line."""
    print(json.dumps({"ready": True, **ready}), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answer(line, engine)), flush=True)


def report(engine: LlamaEngine, ready: dict[str, object], names: list[str], repetitions: int) -> None:
    """Runs each test once to warm up, then `repetitions` times, and prints every repetition's seconds."""
    results = []
    for name in names:
        measure(engine, name)
        runs = [measure(engine, name) for _ in range(repetitions)]
        results.append({**runs[-1], **{key: [run[key] for run in runs] for key in ("seconds", "cpu_seconds")}})
    print(json.dumps({**ready, "tests": results}, indent=2))


def main() -> None:
    """Loads the model, computes one token with it, and measures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prefix", type=Path, required=True, help="a build that build_llama.py made")
    parser.add_argument("--model", type=Path, required=True, help="GGUF file")
    parser.add_argument("--threads", type=int, default=1, help="threads for prefill and decode (default: 1)")
    parser.add_argument("--name", help="name in the output (default: the prefix's and the model's)")
    parser.add_argument("--serve", action="store_true", help="answer test names from standard input")
    parser.add_argument("--test", action="append", choices=list(TESTS), help="a test to run (default: all)")
    parser.add_argument("--repetitions", type=int, default=5, help="runs a test after its warm-up (default: 5)")
    parser.add_argument("--kv-unified", action="store_true", help="one KV buffer for all sequences")
    arguments = parser.parse_args()

    # The bindings import numpy, whose OpenBLAS would start threads of its own.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    sys.path.insert(0, str(arguments.prefix))
    try:
        api = importlib.import_module("llama_cpp.llama_cpp")
    except (ImportError, OSError, FileNotFoundError) as error:
        fail(f"cannot load the bindings in {arguments.prefix}: {error}")
    baseline = peak_rss_bytes()
    try:
        start = time.perf_counter()
        engine = LlamaEngine(api, arguments.model, arguments.threads, arguments.kv_unified)
        engine.compute_one_token()
        ready = {
            "load_seconds": time.perf_counter() - start,
            "name": arguments.name or f"{arguments.prefix.name} {arguments.model.stem}",
            "baseline_rss_bytes": baseline,
            "model": engine.describe(),
            "system_info": engine.system_info(),
        }
        if arguments.serve:
            serve(engine, ready)
        else:
            report(engine, ready, arguments.test or list(TESTS), arguments.repetitions)
        engine.close()
    except LlamaFailure as error:
        fail(str(error))


if __name__ == "__main__":
    main()
