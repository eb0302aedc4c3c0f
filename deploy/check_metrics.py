"""Checks that dashboard and alerts ask for metrics that exist, and that no metric is shown nowhere.

The names are those that the server declares in Sources/Server/Metrics. Ends with 1 and one line a
difference.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DECLARATION = re.compile(r'MetricFamily\(\s*"([a-z0-9_]+)",\s*\.(counter|gauge|histogram)')
NAME = re.compile(r"\b[a-z][a-z0-9_]*_[a-z0-9_]+\b")
FUNCTIONS = {"histogram_quantile", "label_values"}
LABELS = {"finished_reason"}


def served() -> dict[str, str]:
    """Kind of each metric, by its name."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "Sources/Server/Metrics").glob("*.swift")):
        found.update(DECLARATION.findall(path.read_text(encoding="utf-8")))
    return found


def expressions() -> list[tuple[str, str]]:
    """Every PromQL expression, with where it stands."""
    dashboard = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text(encoding="utf-8"))
    found = [
        (f"dashboard, {panel['title']}", target["expr"])
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]
    found += [
        (f"dashboard, variable {variable['name']}", variable["query"]["query"])
        for variable in dashboard["templating"]["list"]
        if variable["type"] == "query"
    ]
    rules = (ROOT / "deploy/prometheus-rules.yaml").read_text(encoding="utf-8")
    found += [("rules", line.split(":", 1)[1]) for line in rules.splitlines() if line.strip().startswith("expr:")]
    return found


def main() -> int:
    """Compares both sides."""
    kinds = served()
    series = {name for name, kind in kinds.items() if kind != "histogram"}
    series |= {
        name + suffix
        for name, kind in kinds.items()
        if kind == "histogram"
        for suffix in ("_bucket", "_sum", "_count")
    }
    problems: list[str] = [] if kinds else ["no metric is declared in Sources/Server/Metrics"]
    used: set[str] = set()
    for place, expression in expressions():
        # Names within quotes and $variables are not metrics.
        bare = re.sub(r'"[^"]*"|\$\w+', "", expression)
        names = set(NAME.findall(bare)) - FUNCTIONS - LABELS
        problems += [f"{place}: no metric '{name}'" for name in sorted(names - series)]
        used |= names
    for name, kind in sorted(kinds.items()):
        forms = {name} if kind != "histogram" else {name + "_bucket", name + "_sum", name + "_count"}
        if not forms & used:
            problems.append(f"'{name}' is on no panel and in no rule")
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"{len(kinds)} metrics, {len(expressions())} expressions: they agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
