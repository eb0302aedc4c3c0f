"""Where the peers' builds, models and results live on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

LLAMA_VERSION = "0.3.36"
"""The release of PyPI's llama-cpp-python; its source archive carries the llama.cpp that it binds."""

ARCHIVE_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
"""Of that archive."""

COMPILERS = ("clang", "gcc")
FORMATS = ("q8_0", "q4_0", "bf16", "f16", "f32")


def sonde_home() -> Path:
    """Where `sonde pull` keeps models: $SONDE_HOME or ~/.cache/sonde."""
    return Path(os.environ.get("SONDE_HOME") or Path.home() / ".cache" / "sonde")


def peers_home() -> Path:
    """Where everything of the peers lives: $SONDE_PEERS or ~/.cache/sonde/peers."""
    return Path(os.environ.get("SONDE_PEERS") or Path.home() / ".cache" / "sonde" / "peers")


def default_model() -> Path:
    """The model that `sonde pull` fetches: SmolLM2-135M-Instruct, Q4_1."""
    return sonde_home() / "models" / "smollm2-135m.gguf"


def venv_python() -> Path:
    """The interpreter that has what the bindings import."""
    return peers_home() / "python" / "bin" / "python"


def prefix(compiler: str) -> Path:
    """One build: the bindings with their shared libraries, importable when on `sys.path`."""
    return peers_home() / f"llama-{LLAMA_VERSION}-{compiler}"


def converted_model(model: Path, format_name: str) -> Path:
    """The same weights in another format; `q4_1` stands for the model as shipped."""
    if format_name == "q4_1":
        return model
    return peers_home() / "models" / f"{model.stem}.{format_name}.gguf"


def fail(message: str) -> NoReturn:
    """Ends the process with one line on standard error."""
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(1)
