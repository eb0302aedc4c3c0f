"""Converts the default model into the other formats that llama.cpp is measured with.

The source is Q4_1, so each target holds the same weights: exact in F32, rounded in BF16, F16 and Q8_0, and
quantised a second time in Q4_0. What exists is skipped.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import sys
from pathlib import Path

from paths import FORMATS, converted_model, default_model, fail, prefix

FILE_TYPES = {
    "f32": "LLAMA_FTYPE_ALL_F32",
    "f16": "LLAMA_FTYPE_MOSTLY_F16",
    "bf16": "LLAMA_FTYPE_MOSTLY_BF16",
    "q8_0": "LLAMA_FTYPE_MOSTLY_Q8_0",
    "q4_0": "LLAMA_FTYPE_MOSTLY_Q4_0",
}


def main() -> None:
    """Writes every missing format beside the peers' builds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model", type=Path, default=default_model(), help="source (default: what `sonde pull` fetched)"
    )
    parser.add_argument("--format", action="append", choices=FORMATS, help="a target (default: all)")
    parser.add_argument("--compiler", default="gcc", help="whose build converts (default: gcc)")
    arguments = parser.parse_args()
    if not arguments.model.is_file():
        fail(f"{arguments.model} is missing; run `sonde pull` first")
    sys.path.insert(0, str(prefix(arguments.compiler)))
    try:
        api = importlib.import_module("llama_cpp.llama_cpp")
    except (ImportError, OSError) as error:
        fail(f"cannot load the bindings in {prefix(arguments.compiler)}: {error}")

    silence = api.llama_log_callback(lambda level, text, data: None)
    api.llama_log_set(silence, ctypes.c_void_p(0))
    for format_name in arguments.format or FORMATS:
        target = converted_model(arguments.model, format_name)
        if target.exists():
            print(f"{target.name}: already converted")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        parameters = api.llama_model_quantize_default_params()
        parameters.ftype = getattr(api, FILE_TYPES[format_name])
        parameters.allow_requantize = True
        partial = target.with_suffix(".partial")
        status = api.llama_model_quantize(
            str(arguments.model).encode(), str(partial).encode(), ctypes.byref(parameters)
        )
        if status != 0:
            fail(f"llama_model_quantize to {format_name} returned {status}")
        partial.rename(target)
        print(f"{target.name}: {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
