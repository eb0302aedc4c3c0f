"""The reliability suite: `make soak` runs it against the real binary and the real small model.

Usage: soak.py SONDE [--minutes M] [--aborts N] [--report FILE] [--model MODEL] [--only NAME]
Every scenario states what must hold and fails otherwise; the figures go into the report.
"""

import argparse
import os
import platform
import random
import sys
import time

import faults
import mixed
from served import Failure, Server, expect, in_threads

BOUNDS = ("--kv-cache-mib", 64, "--max-model-len", 1024, "--max-prune-ratio", 0.5)


def completion(tokens, stream=False, ratio=None, prompt="Once upon a time"):
    body = {"prompt": prompt, "max_tokens": tokens, "ignore_eos": True, "stream": stream}
    if ratio is not None:
        body["pruning"] = {"ratio": ratio}
    return body


def aborts(arguments):
    """N random aborts, streaming and not: nothing runs, every block is free, memory is flat."""
    with Server(arguments.sonde, *arguments.base, *BOUNDS) as server:
        rng = random.Random(1)

        def abort(_):
            body = completion(
                400, stream=rng.random() < 0.5, ratio=rng.choice([0, 0.4]), prompt="a " * 40
            )
            client = server.raw(body)
            time.sleep(rng.random() * 0.2)
            if rng.random() < 0.3:
                client.shutdown(1)  # Half-closed counts as gone.
                client.recv(4096)
            client.close()

        server.meet_largest_batches()
        for _ in range(50):
            in_threads(16, abort)
        server.wait_until_idle()
        before, files = server.resident_bytes(), server.open_files()
        done = 0
        while done < arguments.aborts:
            in_threads(16, abort)
            done += 16
        seconds = server.wait_until_idle()
        growth = (server.resident_bytes() - before) / 2**20
        expect(growth < 5, f"memory grew by {growth:.1f} MiB over {done} aborts")
        expect(server.open_files() <= files + 2, "file descriptors are lost")
        counted = server.metrics()['request_success_total{finished_reason="abort"}']
        expect(counted > done / 4, f"only {counted} of {done} aborts met a running request")
        expect(server.post("/v1/completions", completion(4)).status == 200, "it answers no more")
        expect(server.terminate() == 0, "it does not end well")
    return [
        (f"{done} random aborts", f"0 running, 0 waiting, every block free {seconds:.2f} s later"),
        ("memory over the aborts", f"{growth:+.2f} MiB"),
    ]


def queue_full(arguments):
    """A full queue refuses at once, however busy the engine is."""
    with Server(
        arguments.sonde, *arguments.base, *BOUNDS, "--max-num-seqs", 2, "--max-waiting-requests", 4
    ) as server:
        busy = [server.raw(completion(900)) for _ in range(2)]
        server.wait_for("num_requests_running", 2)
        busy += [server.raw(completion(900)) for _ in range(4)]
        server.wait_for("num_requests_waiting", 4)
        connection = server.connect()
        times = []
        for _ in range(200):
            start = time.monotonic()
            connection.request("POST", "/v1/completions", b'{"prompt":"a"}')
            response = connection.getresponse()
            text = response.read()
            times.append(1_000 * (time.monotonic() - start))
            expect(response.status == 429, f"{response.status} instead of 429: {text[:200]}")
            expect(int(response.headers["Retry-After"]) >= 1, "429 without Retry-After")
        times.sort()
        for client in busy:
            client.close()
        server.wait_until_idle()
        middle, late = times[100], times[197]
        expect(middle < 10, f"429 takes {middle:.1f} ms")
        expect(server.terminate() == 0, "it does not end well")
    return [("queue full: 429 with Retry-After", f"{middle:.2f} ms median, {late:.2f} ms p99")]


def slow_readers(arguments):
    """Clients that never read, or send half a request, hurt nobody else."""
    with Server(
        arguments.sonde, *arguments.base, *BOUNDS, "--idle-timeout", 5
    ) as server:
        silent = [
            server.raw(completion(400, stream=True), receive_buffer=2048) for _ in range(4)
        ]
        half = []
        for head in (b"POST /v1/comp", b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-"):
            client = server.connect()
            client.connect()
            client.sock.sendall(head)
            half.append(client.sock)
        times = []
        for _ in range(10):
            start = time.monotonic()
            expect(server.post("/v1/completions", completion(8)).status == 200, "not answered")
            times.append(time.monotonic() - start)
        # The engine waits for no reader: their sequences end all the same.
        seconds = server.wait_until_idle(600)
        for client in half:
            client.settimeout(20)
            start = time.monotonic()
            client.recv(4096)
            expect(time.monotonic() - start < 15, "half a request holds its connection")
        for client in silent:
            client.close()
        expect(server.terminate() == 0, "it does not end well")
    return [
        ("4 clients that never read", f"10 others answered, {max(times):.2f} s at most"),
        ("their sequences", f"ended {seconds:.1f} s later; half-sent requests are closed"),
    ]


def drain(arguments):
    """SIGTERM under load: every accepted request has a terminal event, and the exit code is 0."""
    ends = []
    with Server(arguments.sonde, *arguments.base, *BOUNDS, "--shutdown-timeout", 15) as server:

        def ask(index):
            streams = index % 2 == 0
            client = server.raw(completion(60 if index < 16 else 900, stream=streams))
            text = b""
            while part := client.recv(65_536):
                text += part
            if b"HTTP/1.1 200" in text[:40]:
                last = text.rstrip(b"0\r\n").rstrip()
                whole = last.endswith(b"data: [DONE]") if streams else b'"finish_reason"' in text
                ends.append("whole" if whole else "told" if b'"error"' in text else "broken")
            else:
                ends.append("refused" if b"HTTP/1.1 503" in text[:40] else "broken")

        def end(index):
            if index < 32:
                ask(index)
            else:
                server.wait_for("num_requests_running", 8)
                started = time.monotonic()
                server.process.terminate()
                ends.append(server.process.wait(60))
                ends.append(time.monotonic() - started)

        in_threads(33, end)
    seconds = next(end for end in ends if isinstance(end, float))
    expect(0 in [end for end in ends if isinstance(end, int)], f"exit codes: {ends}")
    count = {word: ends.count(word) for word in ("whole", "told", "refused", "broken")}
    expect(count["broken"] == 0, f"{count}")
    expect(sum(count.values()) == 32, f"{count}")
    with Server(arguments.sonde, *arguments.base, *BOUNDS) as server:
        client = server.raw(completion(900))
        server.wait_for("num_requests_running", 1)
        server.process.terminate()
        time.sleep(0.5)
        expect(server.process.poll() is None, "the first SIGTERM did not drain")
        start = time.monotonic()
        status = server.terminate()
        second = time.monotonic() - start
        client.close()
        expect(status == 1 and second < 2, f"a second SIGTERM: {status} after {second:.1f} s")
    return [
        (
            "SIGTERM under 32 requests",
            f"{count['whole']} whole, {count['told']} told by a last event, "
            f"{count['refused']} answered 503, 0 broken; exit 0 after {seconds:.1f} s",
        ),
        ("a second SIGTERM", f"exit 1 after {second:.2f} s"),
    ]


SCENARIOS = {
    "aborts": aborts,
    "queue-full": queue_full,
    "slow-readers": slow_readers,
    "drain": drain,
    "faults": faults.run,
    "mixed": mixed.run,
}


def report(path, arguments, rows):
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in open("/proc/cpuinfo", encoding="utf-8")
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    lines = [
        "# Reliability",
        "",
        "Written by `make soak` (Tests/ServerTests/soak); every line is an expectation that held, with"
        " the figure measured.",
        f"CPU: {model}, {os.cpu_count()} cores, shared with other work; model:"
        f" {arguments.model or 'the default, SmolLM2-135M'}; mixed load for"
        f" {arguments.minutes:g} minutes.",
        "",
        "| what | measured |",
        "|---|---|",
        *[f"| {what} | {figure} |" for what, figure in rows],
        "",
    ]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sonde")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--aborts", type=int, default=1_000)
    parser.add_argument("--model")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--report")
    parser.add_argument("--only", choices=SCENARIOS)
    arguments = parser.parse_args()
    arguments.base = ["--model", arguments.model] if arguments.model else []
    if arguments.threads:
        arguments.base += ["--threads", arguments.threads]
    rows = []
    for name, scenario in SCENARIOS.items():
        if arguments.only not in (None, name):
            continue
        start = time.monotonic()
        try:
            found = scenario(arguments)
        except (Failure, OSError, TimeoutError) as failure:
            sys.exit(f"{name}: {failure}")
        for what, figure in found:
            print(f"{name}: {what}: {figure}", flush=True)
        print(f"{name}: passed in {time.monotonic() - start:.0f} s", flush=True)
        rows += found
    if arguments.report:
        report(arguments.report, arguments, rows)


if __name__ == "__main__":
    main()
