"""Checks the Kubernetes manifest for what a drain, a probe and a locked-down pod need."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
SHUTDOWN_SECONDS = 35
"""--shutdown-timeout's default, and what the last bytes may take after it."""


def problems(documents: dict[str, dict[str, Any]]) -> list[str]:
    """One line for everything that does not fit together."""
    pod = documents["Deployment"]["spec"]["template"]
    spec, container = pod["spec"], pod["spec"]["containers"][0]
    labels = pod["metadata"]["labels"]
    grace = spec["terminationGracePeriodSeconds"]
    wait = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    ports = {port["name"] for port in container["ports"]}
    probes = {name: container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    routes = (FOLDER.parent / "Sources/Server/HTTP/Routes.swift").read_text(encoding="utf-8")
    volumes = {volume["name"] for volume in spec["volumes"]}
    checks = {
        "the grace period ends before the drain does": grace > wait + SHUTDOWN_SECONDS,
        "a probe asks a port that is not there": {probe["port"] for probe in probes.values()} <= ports,
        "a probe asks a path that the server lacks": all(f'"{p["path"]}"' in routes for p in probes.values()),
        "the selectors do not fit the pod": all(
            selector.items() <= labels.items()
            for selector in (
                documents["Deployment"]["spec"]["selector"]["matchLabels"],
                documents["Service"]["spec"]["selector"],
                documents["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
                documents["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
            )
        ),
        "requests and limits differ": container["resources"]["requests"] == container["resources"]["limits"],
        "the pod may run as root": spec["securityContext"]["runAsNonRoot"],
        "the root file system can be written": container["securityContext"]["readOnlyRootFilesystem"],
        "capabilities are kept": container["securityContext"]["capabilities"]["drop"] == ["ALL"],
        "a mount has no volume": {mount["name"] for mount in container["volumeMounts"]} <= volumes,
    }
    return [message for message, holds in checks.items() if not holds]


def main() -> int:
    """Reads and checks the manifest."""
    text = (FOLDER / "kubernetes.yaml").read_text(encoding="utf-8")
    documents = {document["kind"]: document for document in yaml.safe_load_all(text)}
    found = problems(documents)
    for problem in found:
        print(f"kubernetes.yaml: {problem}", file=sys.stderr)
    if not found:
        print(f"kubernetes.yaml: {', '.join(documents)}: consistent")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
