"""The real `sonde serve` and plain sockets: what the reliability suite is made of."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

BUSY = 600  # Seconds until an answer counts as a hang; the machine may be busy with other work.


class Failure(Exception):
    """An expectation that does not hold."""


def expect(condition, what):
    if not condition:
        raise Failure(what)


class Server:
    """A server on a free port; its log lies in a file of its own."""

    def __init__(self, sonde, *options, fault=None, stderr=None, port=0):
        environment = dict(os.environ)
        environment.pop("SONDE_FAULT", None)
        if fault:
            environment["SONDE_FAULT"] = fault
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        command = [sonde, "serve", "--port", str(port), *map(str, options)]
        self.process = subprocess.Popen(command, stderr=stderr or self.log, env=environment)
        self.port = port or self._wait_for_port()
        if port:
            self._wait_until_ready()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _wait_for_port(self):
        for _ in range(600):
            with open(self.log.name, encoding="utf-8", errors="replace") as log:
                found = re.search(r"listening on https?://\S+:(\d+)", log.read())
            if found:
                return int(found[1])
            expect(self.process.poll() is None, f"the server ended with {self.process.poll()}")
            time.sleep(0.1)
        raise Failure("the server does not start")

    def _wait_until_ready(self):
        for _ in range(600):
            try:
                if self.get("/health/ready").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise Failure("the server does not start")

    # Requests

    def connect(self, timeout=BUSY):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def get(self, path, timeout=BUSY):
        connection = self.connect(timeout)
        connection.request("GET", path)
        response = connection.getresponse()
        response.text = response.read().decode()
        connection.close()
        return response

    def post(self, path, body, timeout=BUSY):
        """An answer read to its end."""
        connection = self.connect(timeout)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request("POST", path, data, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.text = response.read().decode("utf-8", "replace")
        connection.close()
        return response

    def raw(self, body, path="/v1/completions", receive_buffer=None):
        """A socket over which a request has been sent and nothing read."""
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(BUSY)
        client.connect(("127.0.0.1", self.port))
        data = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        client.sendall(head.encode() + data)
        return client

    # What it holds

    def metrics(self):
        values = {}
        for line in self.get("/metrics").text.splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values

    def wait_for(self, name, least, seconds=60):
        """A metric has reached a value."""
        deadline = time.monotonic() + seconds
        while self.metrics()[name] < least:
            expect(time.monotonic() < deadline, f"{name} has not reached {least}")
            time.sleep(0.02)

    def wait_until_idle(self, seconds=30):
        """Nothing runs or waits and every block is free; returns how long that took."""
        start = time.monotonic()
        names = ("num_requests_running", "num_requests_waiting", "kv_cache_usage_perc")
        while time.monotonic() - start < seconds:
            values = self.metrics()
            if all(values[name] == 0 for name in names):
                return time.monotonic() - start
            time.sleep(0.05)
        raise Failure(f"not idle after {seconds} s: {[values[name] for name in names]}")

    def meet_largest_batches(self):
        """What the largest batches map stays mapped; later ones then map no more, whichever meet."""
        for ratio in (0, 0.4):
            for scored in ({"echo": True, "logprobs": 1}, {}):
                body = {"prompt": "a " * 300, "max_tokens": 8, "pruning": {"ratio": ratio}, **scored}

                def meet(_, body=body):
                    expect(self.post("/v1/completions", body).status == 200, "a large batch")

                in_threads(16, meet)

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def terminate(self, seconds=60):
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


def in_threads(count, body):
    """Runs `body(index)` on so many threads; the first failure is raised."""
    failures = []

    def run(index):
        try:
            body(index)
        except Exception as failure:  # Told below, whatever it is.
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
