#!/usr/bin/env bash
# Prints the line coverage of each target of ours after running the Swift tests.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=.build-coverage
# One test at a time: the downloads have timeouts, and all data come from one run.
swift test -c release -Xswiftc -enable-testing --scratch-path $scratch --enable-code-coverage --no-parallel
json=$(swift test -c release --scratch-path $scratch --show-codecov-path)
python3 - "$json" "$PWD/Sources/" <<'PYTHON'
import collections, json, sys
covered, count = collections.Counter(), collections.Counter()
for file in json.load(open(sys.argv[1]))["data"][0]["files"]:
    if file["filename"].startswith(sys.argv[2]):
        target = file["filename"][len(sys.argv[2]):].split("/")[0]
        covered[target] += file["summary"]["lines"]["covered"]
        count[target] += file["summary"]["lines"]["count"]
for target in sorted(count):
    print(f"{target:16} {100 * covered[target] / count[target]:5.1f} % of {count[target]} lines")
PYTHON
