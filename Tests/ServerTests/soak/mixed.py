"""Mixed load for minutes: no error, no growth of memory or of file descriptors."""

import random
import statistics
import threading
import time

from served import Server, expect

WORKERS = 8
SAMPLE_SECONDS = 2
WARM_UP = 0.25
# The prompts are words of English, so that lengths in tokens vary as texts do.
WORDS = "the sun rises over a quiet town and people walk to work while birds sing".split()


def run(arguments):
    # A small cache is soon touched all over, so that what grows afterwards is not the cache.
    bounds = ("--kv-cache-mib", 16, "--max-model-len", 1024, "--max-prune-ratio", 0.5)
    extra = ("--shadow-rate", 0.05, "--max-num-seqs", 8)
    with Server(arguments.sonde, *arguments.base, *bounds, *extra) as server:
        server.meet_largest_batches()
        deadline = time.monotonic() + 60 * arguments.minutes
        counts, failures, lock = {}, [], threading.Lock()
        samples = []

        def work(seed):
            rng = random.Random(seed)
            while time.monotonic() < deadline:
                kind = rng.choice(KINDS)
                try:
                    kind(server, rng)
                except Exception as failure:  # Whatever it is, it is counted.
                    with lock:
                        failures.append(f"{kind.__name__}: {failure!r}")
                with lock:
                    counts[kind.__name__] = counts.get(kind.__name__, 0) + 1

        threads = [threading.Thread(target=work, args=(i,)) for i in range(WORKERS)]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            expect(server.process.poll() is None, "the server has died")
            samples.append(
                (time.monotonic() - begin, server.resident_bytes(), server.open_files())
            )
            time.sleep(SAMPLE_SECONDS)
        server.wait_until_idle()
        values = server.metrics()
        expect(not failures, f"{len(failures)} failures, the first: {failures[:1]}")
        expect(server.terminate() == 0, "it does not end well")
    late = [sample for sample in samples if sample[0] > WARM_UP * samples[-1][0]]
    slope = 600 * theil_sen([(t, size / 2**20) for t, size, _ in late])
    half = len(late) // 2
    files = [
        statistics.median(files for _, _, files in part) for part in (late[:half], late[half:])
    ]
    expect(slope < 1, f"memory grows by {slope:.2f} MiB per 10 minutes")
    expect(files[1] <= files[0] + 2, f"file descriptors grow: {files}")
    total = sum(counts.values())
    return [
        (
            f"{arguments.minutes:g} minutes of mixed load, {WORKERS} clients",
            f"{total} calls, {values['generation_tokens_total']:.0f} tokens, 0 errors",
        ),
        ("memory", f"{late[-1][1] / 2**20:.0f} MiB, slope {slope:+.2f} MiB per 10 minutes"),
        ("file descriptors", f"{files[0]:.0f}, later {files[1]:.0f} (medians of the halves)"),
    ]


def theil_sen(points):
    """The median slope of all pairs: single steps of the allocator do not tilt it."""
    points = points[:: max(1, len(points) // 300)]
    slopes = [
        (b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(points) for b in points[i + 1 :]
    ]
    return statistics.median(slopes) if slopes else 0.0


def prompt(rng):
    return " ".join(rng.choices(WORDS, k=rng.randint(1, 120)))


def plain(server, rng):
    body = {"prompt": prompt(rng), "max_tokens": rng.randint(1, 60)}
    body["pruning"] = {"ratio": rng.choice([0, 0, 0.2, 0.4])}
    expect(server.post("/v1/completions", body).status == 200, "a completion")


def own_mask(server, rng):
    body = {"prompt": prompt(rng), "max_tokens": rng.randint(1, 20), "seed": 1}
    body["pruning"] = {"ratio": 0.4}
    expect(server.post("/v1/completions", body).status == 200, "a seeded completion")


def chat(server, rng):
    body = {"messages": [{"role": "user", "content": prompt(rng)}], "stream": True}
    reply = server.post("/v1/chat/completions", {**body, "max_tokens": rng.randint(1, 60)})
    expect(reply.status == 200, "a chat")
    expect(reply.text.endswith("data: [DONE]\n\n"), f"a chat's end: {reply.text[-100:]!r}")


def several(server, rng):
    body = {"prompt": [prompt(rng), prompt(rng)], "n": 2, "max_tokens": 8}
    expect(server.post("/v1/completions", body).status == 200, "several choices")


def echo(server, rng):
    body = {"prompt": prompt(rng), "max_tokens": 1, "echo": True, "logprobs": 1}
    expect(server.post("/v1/completions", body).status == 200, "echo")


def abort(server, rng):
    client = server.raw({"prompt": prompt(rng), "max_tokens": 300, "stream": rng.random() < 0.5})
    time.sleep(rng.random() * 0.3)
    client.close()


def wrong(server, rng):
    bodies = [b"{", b'{"prompt":7}', b'{"prompt":"a","n":0}', b"[" * 500, b'{"prompt":"\xff"}']
    expect(server.post("/v1/completions", rng.choice(bodies)).status == 400, "a wrong body")


def look(server, _):
    expect("num_requests_running" in server.get("/metrics").text, "metrics")
    expect(server.get("/health/live").status == 200, "live")


KINDS = [plain, plain, plain, own_mask, chat, chat, several, echo, abort, wrong, look]
