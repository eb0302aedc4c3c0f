"""Sonde's server, dense and pruned, and llama.cpp's, in turn under the same load: one Markdown table.

Every round starts each server once, on the same GGUF, with as many threads and slots, and lets
`sonde load` measure it; the order turns by one from round to round. Medians over the rounds are shown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from build_llama import run
from build_llama_server import server_path
from http_server import HTTPServer, free_port
from machine import Machine
from paths import default_model, fail, peers_home, prefix
from side import SideFailure
from table import markdown

PYTHON_PACKAGES = (
    *("uvicorn", "fastapi", "pydantic-settings", "sse-starlette", "starlette-context", "PyYAML"),
    *("numpy", "diskcache", "jinja2", "typing-extensions"),
)
"""What llama-cpp-python's server imports."""

ROOM = 64
"""Tokens of a slot beyond prompt and answer: begin-of-text, and words that are more than one token."""


@dataclass(frozen=True)
class Load:
    """What every server has to bear."""

    clients: int
    requests: int
    prompt_tokens: int
    output_tokens: int
    threads: int
    model: Path

    @property
    def slot_tokens(self) -> int:
        """Context of one sequence; words may be two tokens to another tokenizer."""
        return 2 * self.prompt_tokens + self.output_tokens + ROOM


def sonde_server(sonde: str, load: Load, ratio: float) -> HTTPServer:
    """Ours; the ratio is that of every request."""
    port = free_port()
    command = [sonde, "serve", "--model", str(load.model), "--threads", str(load.threads)]
    command += ["--port", str(port), "--max-num-seqs", str(load.clients), "--log-level", "error"]
    command += ["--max-model-len", str(load.slot_tokens), "--prune-ratio", str(ratio)]
    return HTTPServer(f"sonde, ratio {ratio:g}", command, port)


def llama_server(load: Load) -> HTTPServer:
    """llama.cpp's own, as built by build_llama_server.py."""
    port = free_port()
    command = [str(server_path()), "--model", str(load.model), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--threads", str(load.threads), "--threads-batch", str(load.threads)]
    command += ["--parallel", str(load.clients), "--ctx-size", str(load.clients * load.slot_tokens)]
    return HTTPServer("llama-server", command, port)


def python_server(load: Load) -> HTTPServer:
    """llama-cpp-python's, which runs one request at a time."""
    port = free_port()
    command = [str(python_environment()), "-m", "llama_cpp.server", "--model", str(load.model)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--n_ctx", str(load.slot_tokens)]
    command += ["--n_threads", str(load.threads), "--n_threads_batch", str(load.threads)]
    return HTTPServer("llama_cpp.server", command, port, {"PYTHONPATH": str(prefix("gcc"))})


def python_environment() -> Path:
    """The interpreter with what llama-cpp-python's server imports; created where it is missing."""
    folder = peers_home() / "python-server"
    python, marker = folder / "bin" / "python", folder / "packages.txt"
    if marker.exists() and marker.read_text() == "\n".join(PYTHON_PACKAGES):
        return python
    if not python.exists():
        run([sys.executable, "-m", "venv", str(folder)])
    run([str(python), "-m", "pip", "install", "--quiet", *PYTHON_PACKAGES])
    marker.write_text("\n".join(PYTHON_PACKAGES))
    return python


def measure(sonde: str, server: HTTPServer, load: Load) -> dict[str, Any]:
    """One run of the load; its report, and the server's peak memory.

    Raises:
        SideFailure: The load tool failed, or some request did.
    """
    command = [sonde, "load", "--url", server.url, "--json", "--log-level", "error"]
    command += ["--concurrency", str(load.clients), "--requests", str(load.requests)]
    # Ours tries both ways of running each size of batch before it settles.
    command += ["--warmup", str(3 * load.clients), "--output-tokens", str(load.output_tokens)]
    # llama.cpp's server closes connections that it has said to keep.
    command += ["--prompt-tokens", str(load.prompt_tokens), "--no-keep-alive"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SideFailure(f"{server.label}: {done.stderr.strip()[-300:]}")
    report: dict[str, Any] = json.loads(done.stdout)
    if report["failed"] or report["completed"] != load.requests:
        raise SideFailure(f"{server.label}: {report['failed']} of {load.requests} requests failed: {report['failures']}")
    report["peak_rss_bytes"] = server.peak_rss_bytes
    return report


COLUMNS: list[tuple[str, Callable[[dict[str, Any]], float], str]] = [
    ("output tokens/s", lambda report: report["output_tokens_per_second"], "{:.1f}"),
    ("TTFT p50, ms", lambda report: report["ttft_ms"]["p50"], "{:.0f}"),
    ("TTFT p99, ms", lambda report: report["ttft_ms"]["p99"], "{:.0f}"),
    ("ITL p50, ms", lambda report: report["itl_ms"]["p50"], "{:.1f}"),
    ("ITL p99, ms", lambda report: report["itl_ms"]["p99"], "{:.1f}"),
    ("end to end p99, ms", lambda report: report["e2e_ms"]["p99"], "{:.0f}"),
    ("peak memory, MiB", lambda report: report["peak_rss_bytes"] / 2**20, "{:.0f}"),
]


def table(reports: dict[str, list[dict[str, Any]]]) -> str:
    """A row a server: medians, then output tokens a second over those of the first."""
    base = statistics.median(report["output_tokens_per_second"] for report in next(iter(reports.values())))
    rows = []
    for label, runs in reports.items():
        medians = [statistics.median(value(report) for report in runs) for _, value, _ in COLUMNS]
        cells = [form.format(median) for median, (_, _, form) in zip(medians, COLUMNS, strict=True)]
        counted = sorted({report["output_tokens_counted_by"] for report in runs})
        rows.append([label, str(len(runs)), "/".join(counted), *cells, f"{medians[0] / base:.2f}"])
    header = ["server", "runs", "tokens counted by", *(name for name, _, _ in COLUMNS), "tokens/s, relative"]
    return markdown(rows, header)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sonde", default="sonde", help="the binary that serves and measures (default: on PATH)")
    parser.add_argument("--model", type=Path, default=default_model(), help="a GGUF that both can read")
    parser.add_argument("--ratio", type=float, default=0.4, help="of the pruned server")
    parser.add_argument("--clients", type=int, default=16, help="clients, and slots of every server")
    parser.add_argument("--requests", type=int, default=96, help="measured requests of a run")
    parser.add_argument("--prompt-tokens", type=int, default=128)
    parser.add_argument("--output-tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--peer", choices=("cpp", "python", "both"), default="cpp", help="llama.cpp's own server, its Python one, or both"
    )
    parser.add_argument("--json", type=Path, help="write every report there")
    return parser.parse_args()


def main() -> None:
    """Runs every round and prints the table."""
    options = arguments()
    load = Load(
        options.clients,
        options.requests,
        options.prompt_tokens,
        options.output_tokens,
        options.threads,
        options.model,
    )
    if not load.model.exists():
        fail(f"{load.model}: no such model; run `sonde pull`")
    starts: list[Callable[[], HTTPServer]] = [
        lambda: sonde_server(options.sonde, load, 0),
        lambda: sonde_server(options.sonde, load, options.ratio),
    ]
    if options.peer != "python":
        if not server_path().exists():
            fail(f"{server_path()}: not built; run build_llama_server.py")
        starts.append(lambda: llama_server(load))
    if options.peer != "cpp":
        python_environment()
        starts.append(lambda: python_server(load))
    machine = Machine.current()
    reports: dict[int, tuple[str, list[dict[str, Any]]]] = {}
    for turn in range(options.rounds):
        for place in range(len(starts)):
            index = (turn + place) % len(starts)
            try:
                with starts[index]() as server:
                    report = measure(options.sonde, server, load)
            except SideFailure as failure:
                fail(str(failure))
            reports.setdefault(index, (server.label, []))[1].append(report)
            speed = report["output_tokens_per_second"]
            print(f"round {turn + 1}: {server.label}: {speed:.1f} tokens/s", file=sys.stderr, flush=True)
    ordered = {label: runs for _, (label, runs) in sorted(reports.items())}
    print(table(ordered))
    print(
        f"\n{load.clients} clients, {load.requests} requests of {load.prompt_tokens} + {load.output_tokens} tokens, "
        f"{load.threads} threads, {load.model.name}. Medians of {options.rounds} rounds.\n"
        f"CPU: {machine.cpu}, {machine.cores} cores. "
        f"Load average: {machine.load_average:.1f} at the start, {os.getloadavg()[0]:.1f} at the end."
    )
    if options.json:
        options.json.write_text(json.dumps({"machine": machine.as_json(), "reports": ordered}, indent=1) + "\n")


if __name__ == "__main__":
    main()
