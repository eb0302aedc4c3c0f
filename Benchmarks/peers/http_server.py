"""A server of one side of the comparison: started, waited for, ended."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from types import TracebackType

from side import SideFailure

STARTUP_SECONDS = 300
"""A model is loaded in seconds; a busy machine takes longer."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class HTTPServer:
    """A process that answers `GET /v1/models` once it is ready."""

    def __init__(self, label: str, command: list[str], port: int, environment: dict[str, str] | None = None) -> None:
        """Starts the process; use it in a `with` statement, which ends it.

        Args:
            label: Short name for messages.
            command: Program and arguments; they must make it listen on `port`.
            port: Of 127.0.0.1.
            environment: Added to this process's own.

        Raises:
            SideFailure: The program cannot be started.
        """
        self.label = label
        self.url = f"http://127.0.0.1:{port}"
        self._log = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                command, stdout=self._log, stderr=self._log, env={**os.environ, **(environment or {})}
            )
        except OSError as error:
            raise SideFailure(f"{label}: cannot start {command[0]}: {error.strerror}") from None

    def __enter__(self) -> HTTPServer:
        """Waits until the model is loaded.

        Raises:
            SideFailure: It ended, or took too long.
        """
        deadline = time.monotonic() + STARTUP_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise SideFailure(f"{self.label}: ended at its start: {self._last_words()}")
            try:
                with urllib.request.urlopen(self.url + "/v1/models", timeout=5) as answer:
                    if answer.status == 200:
                        return self
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.2)
        self.close()
        raise SideFailure(f"{self.label}: not ready within {STARTUP_SECONDS} s: {self._last_words()}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the process."""
        self.close()

    def close(self) -> None:
        """Asks the process to end, and kills it when it does not."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def peak_rss_bytes(self) -> int:
        """The most memory that the process has held; 0 where the system does not say."""
        try:
            with open(f"/proc/{self._process.pid}/status", encoding="utf-8") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        return int(line.split()[1]) * 1024
        except OSError:
            pass
        return 0

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", errors="replace").strip().splitlines()
        return " ".join(lines[-2:])[-300:]
