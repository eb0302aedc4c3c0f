"""Faults by name: each ends in one failed request or a clean exit, never a hang."""

import os
import resource
import signal
import socket
import subprocess
import tempfile
import time

from served import Server, expect

SMALL = ("--kv-cache-mib", 16, "--max-model-len", 256, "--max-prune-ratio", 0.5)


def run(arguments):
    rows = []
    for fault in ("allocation", "worker-throws", "nan-in-probe"):
        rows.append((f"fault `{fault}`", in_steps(arguments, fault)))
    rows.append(("fault `stall`", stall(arguments)))
    rows.append(("a disk that is full", full_disk(arguments)))
    rows.append(("a log that cannot be written", full_log(arguments)))
    return rows


def in_steps(arguments, fault):
    """Every eighth step fails: its requests get 500, the others their answers."""
    # A probe can yield NaN only where it runs, however much faster dense is for one token.
    pruned = ("--never-slower", "off")
    with Server(arguments.sonde, *arguments.base, *SMALL, *pruned, fault=fault) as server:
        body = {"prompt": "a", "max_tokens": 3, "ignore_eos": True, "pruning": {"ratio": 0.4}}
        statuses = [server.post("/v1/completions", body).status for _ in range(24)]
        expected = {200} if fault == "nan-in-probe" else {200, 500}
        expect(set(statuses) == expected, f"{fault}: {statuses}")
        server.wait_until_idle()
        expect(server.get("/health/live").status == 200, f"{fault}: not live")
        values = server.metrics()
        if fault == "nan-in-probe":
            expect(values["probe_nonfinite_total"] > 0, "no NaN was met")
        expect(server.terminate() == 0, f"{fault}: it does not end well")
        return f"{statuses.count(200)} of 24 answered, {statuses.count(500)} with 500; goes on"


def stall(arguments):
    """A step that does not end: /health/live turns, and turns back."""
    with Server(arguments.sonde, *arguments.base, *SMALL, fault="stall") as server:
        client = server.raw({"prompt": "a", "max_tokens": 200, "ignore_eos": True})
        turned = None
        last = time.monotonic()
        for _ in range(300):
            expect(server.process.poll() is None, "stall: it has died")
            start = time.monotonic()
            status = server.get("/health/live").status
            expect(time.monotonic() - start < 1, "stall: /health/live is slow")
            if status == 503:
                turned = time.monotonic() - last
                break
            if time.monotonic() - last > 20:
                break
            time.sleep(0.05)
        expect(turned is not None, "stall: /health/live does not turn")
        expect(turned < 6, f"stall: /health/live turned after {turned:.1f} s")
        client.close()
        return f"`/health/live` is 503 {turned:.1f} s after the request began (its first steps included)"


def full_disk(arguments):
    """Nothing can be written beyond a few bytes: an error of one line, and no broken file."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "small.history")

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096))

        done = subprocess.run(
            [arguments.sonde, "calibrate", *map(str, arguments.base)]
            + ["--self", "1", "--context", "16", "--output", output],
            preexec_fn=limit,
            capture_output=True,
            timeout=300,
            check=False,
        )
        lines = [line for line in done.stderr.decode().splitlines() if "error: " in line]
        expect(done.returncode in (1, 2), f"calibrate ended with {done.returncode}")
        expect(len(lines) == 1, f"calibrate said {done.stderr.decode()[-400:]!r}")
        expect(not os.path.exists(output), "calibrate left a broken file")
        return f"exit {done.returncode}, one line, no broken file"


def full_log(arguments):
    """The server's log goes to a full disk: it serves all the same."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open("/dev/full", "w", encoding="utf-8") as full:
        with Server(arguments.sonde, *arguments.base, *SMALL, stderr=full, port=port) as server:
            expect(server.post("/v1/completions", {"prompt": "a"}).status == 200, "not answered")
            expect(server.terminate() == 0, "it does not end well")
    return "serves all the same"
