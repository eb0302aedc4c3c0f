"""Builds llama.cpp's own HTTP server from the archive that build_llama.py unpacks, without its web page.

The server is compiled with gcc and the options of the library's build, so that both run the same kernels.
What is already built is skipped.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from build_llama import CMAKE_OPTIONS, compiler_options, make_environment, run, unpack_source
from paths import LLAMA_VERSION, peers_home, venv_python

SERVER_OPTIONS = (
    "-DLLAMA_BUILD_COMMON=ON",
    "-DLLAMA_BUILD_TOOLS=ON",
    "-DLLAMA_BUILD_SERVER=ON",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
    "-DLLAMA_OPENSSL=OFF",
)
"""What the server needs beyond the library; the page would be downloaded, and is not measured."""


def server_path() -> Path:
    """The server's binary, whether it exists or not."""
    return peers_home() / "build" / f"llama-server-{LLAMA_VERSION}-gcc" / "bin" / "llama-server"


def options() -> list[str]:
    """The library's options, those of the server after them."""
    replaced = {option.partition("=")[0] for option in SERVER_OPTIONS}
    kept = [option for option in CMAKE_OPTIONS if option.partition("=")[0] not in replaced]
    return [*kept, *SERVER_OPTIONS, *compiler_options("gcc")]


def build(jobs: int) -> Path:
    """Builds the server where it is missing; returns its path."""
    target = server_path()
    if target.exists():
        return target
    make_environment()
    source = unpack_source()
    folder = target.parent.parent
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "build.log"
    print(f"{target.name}: building (log: {log})", flush=True)
    tools = venv_python().parent
    run(
        [str(tools / "cmake"), "-S", str(source / "vendor" / "llama.cpp"), "-B", str(folder), "-G", "Ninja"]
        + [f"-DCMAKE_MAKE_PROGRAM={tools / 'ninja'}", *options()],
        log,
    )
    run(
        [str(tools / "cmake"), "--build", str(folder), "--target", "llama-server", "--parallel", str(jobs)],
        log,
    )
    return target


def main() -> None:
    """Builds the server."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="parallel compile jobs (default: every core)"
    )
    print(build(parser.parse_args().jobs))


if __name__ == "__main__":
    main()
