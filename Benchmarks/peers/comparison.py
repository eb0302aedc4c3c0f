"""Alternates sides round by round, and reduces the rounds to medians and ratios."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass, field

from side import Answer, Side, SideFailure
from speed_tests import SpeedTest

SETTLE_SECONDS = 0.3
"""Pause before each run: an OpenMP worker of the side before spins up to 0.2 s after its last job."""


@dataclass
class Rounds:
    """Every round of one test: the answers by side, in the order of the rounds."""

    test: SpeedTest
    threads: int
    formats: dict[str, str]
    """Weight format by side."""
    uses_cpu_time: bool = False
    """Speeds count CPU seconds, not wall seconds: with one thread, other processes then matter less."""
    answers: dict[str, list[Answer]] = field(default_factory=dict)

    def speeds(self, side: str) -> list[float]:
        """Tokens a second of a side, round by round.

        Raises:
            SideFailure: CPU time is asked for and the side does not report it.
        """
        if not self.uses_cpu_time:
            return [answer.tokens / answer.seconds for answer in self.answers[side]]
        speeds = [answer.tokens / answer.cpu_seconds for answer in self.answers[side] if answer.cpu_seconds]
        if len(speeds) < len(self.answers[side]):
            raise SideFailure(f"{side}: no cpu_seconds in the answers, and --clock cpu needs them")
        return speeds

    def median(self, side: str) -> float:
        """Median speed of a side, tokens a second."""
        return statistics.median(self.speeds(side))

    def best(self, side: str) -> float:
        """Best speed of a side, tokens a second."""
        return max(self.speeds(side))

    def fastest(self, sides: list[str]) -> str:
        """The side with the highest median."""
        return max(sides, key=self.median)

    def ratios(self, ours: str, theirs: str) -> list[float]:
        """Our speed over theirs, round by round."""
        return [mine / peer for mine, peer in zip(self.speeds(ours), self.speeds(theirs), strict=True)]

    def as_json(self) -> dict[str, object]:
        """Everything measured, for a file."""
        return {
            "test": self.test.name,
            "threads": self.threads,
            "formats": self.formats,
            "answers": {side: [asdict(answer) for answer in answers] for side, answers in self.answers.items()},
        }


def alternate(sides: list[Side], result: Rounds, rounds: int) -> None:
    """Runs a test `rounds` times on every side, side after side, after one warm-up each; fills `result`.

    The order turns by one each round, so that no side always follows the same one.

    Raises:
        SideFailure: A side failed.
    """
    for side in sides:
        side.run(result.test.name)
        result.answers[side.label] = []
    for turn in range(rounds):
        first = turn % len(sides)
        for side in sides[first:] + sides[:first]:
            time.sleep(SETTLE_SECONDS)
            result.answers[side.label].append(side.run(result.test.name))
