"""Builds llama.cpp from the source archive of PyPI's llama-cpp-python: once with clang, once with gcc.

Each build becomes a prefix (`paths.prefix`) with the Python bindings and their shared libraries. What is
already built is skipped. Needs `libomp` for clang (Debian: libomp-19-dev); everything else comes from PyPI.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from paths import ARCHIVE_SHA256, COMPILERS, LLAMA_VERSION, fail, peers_home, prefix, venv_python

PACKAGES = ("cmake", "ninja", "numpy", "typing-extensions", "diskcache", "jinja2")
"""Build tools, and what the bindings import."""

CMAKE_OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=ON",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    "-DCMAKE_INSTALL_RPATH=$ORIGIN",
    "-DGGML_NATIVE=ON",
    "-DGGML_OPENMP=ON",
    "-DLLAMA_BUILD_COMMON=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_TOOLS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
)
"""Only the library `llama` is built; the rest of llama.cpp does not bear on its speed."""


def run(command: list[str], log: Path | None = None) -> None:
    """Runs a command at low priority; its output goes to `log` when given.

    Raises `SystemExit` with the log's name when the command fails.
    """
    command = ["nice", "-n", "19", *command]
    if log is None:
        status = subprocess.run(command, check=False).returncode
    else:
        with log.open("ab") as sink:
            status = subprocess.run(command, stdout=sink, stderr=subprocess.STDOUT, check=False).returncode
    if status != 0:
        fail(f"{' '.join(command[3:6])} … ended with {status}" + (f"; see {log}" if log else ""))


def make_environment() -> None:
    """Creates the virtual environment of `PACKAGES` where there is none."""
    marker = peers_home() / "python" / "packages.txt"
    if marker.exists() and marker.read_text() == "\n".join(PACKAGES):
        return
    if not venv_python().exists():
        run([sys.executable, "-m", "venv", str(peers_home() / "python")])
    run([str(venv_python()), "-m", "pip", "install", "--quiet", *PACKAGES])
    marker.write_text("\n".join(PACKAGES))


def unpack_source() -> Path:
    """Downloads and unpacks the source archive where it is missing; returns its folder."""
    folder = peers_home() / "source"
    source = folder / f"llama_cpp_python-{LLAMA_VERSION}"
    if (source / ".unpacked").exists():
        return source
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"llama_cpp_python-{LLAMA_VERSION}.tar.gz"
    if not archive.exists():
        # `pip download` would need the archive's build back end to read its metadata.
        run([str(venv_python()), "-m", "pip", "install", "--quiet", "scikit-build-core"])
        run(
            [str(venv_python()), "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation"]
            + ["--no-binary", "llama-cpp-python", "--dest", str(folder), f"llama-cpp-python=={LLAMA_VERSION}"]
        )
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != ARCHIVE_SHA256:
        fail(f"{archive} has SHA-256 {found}, expected {ARCHIVE_SHA256}; remove it and try again")
    run(["tar", "-xzf", str(archive), "-C", str(folder)])
    (source / ".unpacked").touch()
    return source


def swift_clang() -> Path:
    """The clang that ships with the Swift toolchain."""
    swift = shutil.which("swift")
    if swift is None:
        fail("no swift on PATH; its toolchain's clang is the first of the two compilers")
    clang = Path(swift).resolve().parent / "clang"
    if not clang.exists():
        fail(f"no clang beside {Path(swift).resolve()}")
    return clang


def libomp_options() -> list[str]:
    """CMake options that make clang use LLVM's OpenMP runtime.

    The Swift toolchain carries neither `omp.h` nor `libomp`; the newest of Debian's serves.
    """
    found = sorted(
        Path("/usr/lib").glob("llvm-*/lib/libomp.so"), key=lambda path: int(path.parts[3].removeprefix("llvm-"))
    )
    if not found:
        fail("no libomp for clang; install it (Debian: apt-get install libomp-19-dev)")
    library = found[-1]
    headers = sorted(library.parent.glob("clang/*/include/omp.h"))
    if not headers:
        fail(f"no omp.h beside {library}")
    include = f"-idirafter {headers[-1].parent}"
    return [
        f"-DCMAKE_C_FLAGS={include}",
        f"-DCMAKE_CXX_FLAGS={include}",
        "-DOpenMP_C_FLAGS=-fopenmp=libomp",
        "-DOpenMP_CXX_FLAGS=-fopenmp=libomp",
        "-DOpenMP_C_LIB_NAMES=omp",
        "-DOpenMP_CXX_LIB_NAMES=omp",
        f"-DOpenMP_omp_LIBRARY={library}",
    ]


def compiler_options(compiler: str) -> list[str]:
    """CMake options that choose the compiler."""
    if compiler == "clang":
        clang = swift_clang()
        return [f"-DCMAKE_C_COMPILER={clang}", f"-DCMAKE_CXX_COMPILER={clang}++", *libomp_options()]
    gcc, gxx = shutil.which("gcc"), shutil.which("g++")
    if gcc is None or gxx is None:
        fail("no gcc and g++ on PATH (Debian: apt-get install g++)")
    return [f"-DCMAKE_C_COMPILER={gcc}", f"-DCMAKE_CXX_COMPILER={gxx}"]


def build(compiler: str, source: Path, jobs: int) -> None:
    """Builds and installs one prefix; does nothing where it is complete."""
    target = prefix(compiler)
    if (target / "build.json").exists():
        print(f"{target.name}: already built")
        return
    folder = peers_home() / "build" / target.name
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "build.log"
    print(f"{target.name}: building (log: {log})", flush=True)
    tools = venv_python().parent
    options = [*CMAKE_OPTIONS, *compiler_options(compiler)]
    run(
        [str(tools / "cmake"), "-S", str(source / "vendor" / "llama.cpp"), "-B", str(folder), "-G", "Ninja"]
        + [f"-DCMAKE_MAKE_PROGRAM={tools / 'ninja'}", *options],
        log,
    )
    run([str(tools / "cmake"), "--build", str(folder), "--target", "llama", "--parallel", str(jobs)], log)

    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source / "llama_cpp", target / "llama_cpp")
    libraries = target / "llama_cpp" / "lib"
    libraries.mkdir(exist_ok=True)
    for library in sorted((folder / "bin").glob("lib*.so*")):
        shutil.copy2(library, libraries / library.name, follow_symlinks=False)
    version = subprocess.run(
        [next(o for o in options if o.startswith("-DCMAKE_C_COMPILER=")).partition("=")[2], "--version"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()[0]
    (target / "build.json").write_text(
        json.dumps({"llama_cpp_python": LLAMA_VERSION, "compiler": version, "options": options}, indent=2) + "\n"
    )


def main() -> None:
    """Builds every requested compiler's prefix."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--compiler", action="append", choices=COMPILERS, help="build only this one (may be repeated; default: both)"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="parallel compile jobs (default: every core)"
    )
    arguments = parser.parse_args()
    peers_home().mkdir(parents=True, exist_ok=True)
    make_environment()
    source = unpack_source()
    for compiler in arguments.compiler or COMPILERS:
        build(compiler, source, arguments.jobs)


if __name__ == "__main__":
    main()
