"""One side of a comparison: a process that has a model loaded and answers test names (README.md)."""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import dataclass
from typing import Any


class SideFailure(Exception):
    """A side did not start, died, took too long or answered with an error."""


@dataclass(frozen=True)
class Answer:
    """What one run of a test took."""

    seconds: float
    cpu_seconds: float | None
    """Of the process on all cores together; `None` where the side does not say."""
    tokens: int
    peak_rss_bytes: int


class Side:
    """A running process that speaks the line protocol."""

    def __init__(self, label: str, command: list[str], timeout: float) -> None:
        """Starts the process and waits until its model is loaded.

        Args:
            label: Short name for tables, such as `clang`.
            command: Program and arguments.
            timeout: Seconds that any one answer may take.

        Raises:
            SideFailure: The process did not start or did not say that it is ready.
        """
        self.label = label
        self.command = command
        self._timeout = timeout
        try:
            # Standard error stays the terminal's: a side that dies says why.
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        except OSError as error:
            raise SideFailure(f"{label}: cannot start {command[0]}: {error.strerror}") from None
        if self._process.stdin is None or self._process.stdout is None:
            raise SideFailure(f"{label}: no pipes to the process")
        self._input, self._output = self._process.stdin, self._process.stdout
        try:
            self.ready = self._read_line()
            if self.ready.get("ready") is not True:
                raise SideFailure(f"{label}: the first line is not a ready line: {self.ready}")
            self.load_seconds = float(self.ready["load_seconds"])
            self.baseline_rss_bytes = int(self.ready.get("baseline_rss_bytes", 0))
        except (KeyError, TypeError, ValueError):
            self.close()
            raise SideFailure(f"{label}: malformed ready line") from None
        except SideFailure:
            self.close()
            raise

    def run(self, test: str) -> Answer:
        """Runs a test once.

        Raises:
            SideFailure: No answer in time, an error, or an answer that lacks a field.
        """
        try:
            self._input.write(json.dumps({"test": test}) + "\n")
            self._input.flush()
        except BrokenPipeError:
            raise SideFailure(f"{self.label}: the process is gone") from None
        answer = self._read_line()
        if "error" in answer:
            raise SideFailure(f"{self.label}: {answer['error']}")
        try:
            result = Answer(
                seconds=float(answer["seconds"]),
                cpu_seconds=float(answer["cpu_seconds"]) if "cpu_seconds" in answer else None,
                tokens=int(answer["tokens"]),
                peak_rss_bytes=int(answer["peak_rss_bytes"]),
            )
        except (KeyError, TypeError, ValueError):
            raise SideFailure(f"{self.label}: malformed answer to {test}: {answer}") from None
        if answer.get("test") != test or not result.seconds > 0 or result.tokens <= 0:
            raise SideFailure(f"{self.label}: impossible answer to {test}: {answer}")
        return result

    def close(self) -> None:
        """Ends the process: closed input asks it to leave, then it is killed."""
        try:
            self._input.close()
        except BrokenPipeError:
            pass
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def _read_line(self) -> dict[str, Any]:
        """The next answer; the process is killed when it takes longer than the timeout."""
        timer = threading.Timer(self._timeout, self._process.kill)
        timer.start()
        try:
            line = self._output.readline()
        finally:
            timer.cancel()
        if not line:
            raise SideFailure(f"{self.label}: ended or exceeded {self._timeout:g} s without an answer")
        try:
            answer = json.loads(line)
        except ValueError:
            raise SideFailure(f"{self.label}: not a JSON line: {line.strip()[:200]}") from None
        if not isinstance(answer, dict):
            raise SideFailure(f"{self.label}: not a JSON object: {line.strip()[:200]}")
        return answer
