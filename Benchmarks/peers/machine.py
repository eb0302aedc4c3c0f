"""What a reader must know of the machine that a table was measured on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

ISA_PREFIXES = ("avx", "amx", "fma", "f16c", "neon", "asimd", "sve", "i8mm", "bf16")
"""Flags of /proc/cpuinfo that decide which kernels can run."""


def cpu_description() -> tuple[str, list[str]]:
    """The CPU's name and the instruction sets among its flags; empty where the system does not say."""
    name = ""
    flags: list[str] = []
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as info:
            for line in info:
                key, _, value = line.partition(":")
                if key.strip() == "model name" and not name:
                    name = value.strip()
                elif key.strip() in ("flags", "Features") and not flags:
                    flags = [flag for flag in value.split() if flag.startswith(ISA_PREFIXES)]
    except OSError:
        pass
    return name, flags


@dataclass(frozen=True)
class Machine:
    """CPU, usable cores, and the load average of the last minute."""

    cpu: str
    instruction_sets: list[str]
    cores: int
    load_average: float

    @classmethod
    def current(cls) -> Machine:
        """This machine at this moment."""
        name, flags = cpu_description()
        return cls(name, flags, len(os.sched_getaffinity(0)), os.getloadavg()[0])

    def as_json(self) -> dict[str, object]:
        """Every field by its name."""
        return asdict(self)


@contextmanager
def busy_core(core: int | None) -> Iterator[None]:
    """Keeps one core busy with another process for as long as the context lasts; `None` keeps none."""
    if core is None:
        yield
        return
    loop = f"import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    process = subprocess.Popen([sys.executable, "-c", loop])
    try:
        yield
    finally:
        process.kill()
        process.wait()
