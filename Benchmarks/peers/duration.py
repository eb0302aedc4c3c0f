"""How long something took, on two clocks."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Duration:
    """Seconds on the wall, and of this process on all cores together."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Duration:
        """The two clocks at this moment."""
        return cls(time.perf_counter(), time.process_time())

    def __sub__(self, earlier: Duration) -> Duration:
        """What passed since `earlier`."""
        return Duration(self.wall - earlier.wall, self.cpu - earlier.cpu)
