"""SIGTERM under load: every accepted request gets a terminal event, new ones get 503, exit 0.

Usage: drain.py BASE_URL PID
"""

import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request

base, pid = sys.argv[1], int(sys.argv[2])
CLIENTS = 12
ends = []
accepted = threading.Semaphore(0)


def stream(index):
    body = {"prompt": f"Story {index}:", "max_tokens": 60, "stream": True, "ignore_eos": True}
    request = urllib.request.Request(
        base + "/v1/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    last = None
    with urllib.request.urlopen(request, timeout=120) as answer:
        accepted.release()
        for line in answer:
            if line.startswith(b"data: "):
                last = line[6:].strip()
    ends.append(last)


threads = [threading.Thread(target=stream, args=(i,)) for i in range(CLIENTS)]
for thread in threads:
    thread.start()
for _ in threads:
    accepted.acquire()
os.kill(pid, signal.SIGTERM)

refused = None
for _ in range(100):
    time.sleep(0.02)
    try:
        urllib.request.urlopen(base + "/health/ready", timeout=10).read()
    except urllib.error.HTTPError as error:
        refused = error
        break
if refused is None or refused.code != 503 or not refused.headers["Retry-After"]:
    sys.exit(f"drain: /health/ready answered {refused} after SIGTERM")
request = urllib.request.Request(base + "/v1/completions", b'{"prompt":"a"}')
try:
    urllib.request.urlopen(request, timeout=10)
    sys.exit("drain: new work was accepted")
except urllib.error.HTTPError as error:
    if error.code != 503:
        sys.exit(f"drain: new work got {error.code}")
for thread in threads:
    thread.join()
broken = [end for end in ends if end != b"[DONE]" and b'"error"' not in (end or b"")]
if len(ends) != CLIENTS or broken:
    sys.exit(f"drain: {len(ends)} of {CLIENTS} streams ended, {len(broken)} without last event")
done = sum(end == b"[DONE]" for end in ends)
print(f"drain: {len(ends)} streams ended, {done} of them with their whole answer")
