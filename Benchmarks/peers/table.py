"""The Markdown that a comparison prints."""

from __future__ import annotations

from dataclasses import dataclass

from comparison import Rounds
from machine import Machine

OURS = "sonde"


@dataclass(frozen=True)
class Start:
    """How a side came up: its load time, and its peak memory by test."""

    threads: int
    formats: dict[str, str]
    load_seconds: dict[str, float]
    baseline_rss_bytes: dict[str, int]
    """Of the process before it loaded anything: the peers' Python, which is not llama.cpp's to answer for."""


def markdown(rows: list[list[str]], header: list[str]) -> str:
    """A Markdown table; the columns after the third are numbers."""
    rule = ["---" if index < 3 else "---:" for index in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *rows])


def speed(rounds: Rounds, side: str) -> str:
    """Median speed, and the best in brackets."""
    return f"{rounds.median(side):.1f} ({rounds.best(side):.1f})"


def weights(formats: dict[str, str]) -> str:
    """The weight formats of a row: ours against theirs, or theirs alone."""
    theirs = sorted({form for side, form in formats.items() if side != OURS})
    return " / ".join(([formats[OURS]] if OURS in formats else []) + theirs)


def speed_row(rounds: Rounds, peers: list[str]) -> list[str]:
    """Tokens a second of each side; with ours, the ratio to the faster build of llama.cpp and its spread."""
    cells = [weights(rounds.formats), str(rounds.threads), f"{rounds.test.title}, tokens/s"]
    if OURS not in rounds.answers:
        return cells + [speed(rounds, peer) for peer in peers]
    fastest = rounds.fastest(peers)
    ratios = rounds.ratios(OURS, fastest)
    return cells + [
        speed(rounds, OURS),
        *(f"**{speed(rounds, peer)}**" if peer == fastest else speed(rounds, peer) for peer in peers),
        f"{rounds.median(OURS) / rounds.median(fastest):.2f}",
        f"{min(ratios):.2f}–{max(ratios):.2f}",
    ]


def cost_row(title: str, threads: int, formats: dict[str, str], costs: dict[str, float], peers: list[str]) -> list[str]:
    """A quantity of which less is better; the ratio is the least of theirs over ours."""
    cells = [weights(formats), str(threads), title]
    if OURS in costs:
        cells.append(f"{costs[OURS]:.2f}")
    least = min(peers, key=lambda peer: costs[peer])
    cells += [f"**{costs[peer]:.2f}**" if peer == least and OURS in costs else f"{costs[peer]:.2f}" for peer in peers]
    if OURS in costs:
        cells += [f"{costs[least] / costs[OURS]:.2f}", ""]
    return cells


def cost_rows(start: Start, group: list[Rounds], peers: list[str]) -> list[list[str]]:
    """Load time, and peak memory after the single-sequence tests and after all."""
    rows = [cost_row("load to the first token, s", start.threads, start.formats, start.load_seconds, peers)]
    single = [rounds for rounds in group if rounds.test.sequences == 1]
    seen: list[Rounds] = []
    for title, part in (("peak memory, one sequence, MiB", single), ("peak memory, all tests, MiB", group)):
        if not part or part == seen:
            continue
        seen = part
        peaks = {
            side: (max(answer.peak_rss_bytes for answer in answers) - start.baseline_rss_bytes[side]) / 2**20
            for side, answers in part[-1].answers.items()
        }
        rows.append(cost_row(title, start.threads, start.formats, peaks, peers))
    return rows


def render(groups: list[tuple[Start, list[Rounds]]], peers: list[str], machine: Machine, notes: list[str]) -> str:
    """The whole report: one table, the machine below it, then `notes`, one a line."""
    has_ours = any(OURS in start.formats for start, _ in groups)
    header = ["weights", "threads", "measure"]
    header += ([OURS] if has_ours else []) + [f"llama.cpp, {peer}" for peer in peers]
    header += ["ratio", "spread"] if has_ours else []
    rows = []
    for start, group in groups:
        rows += [speed_row(rounds, peers) for rounds in group]
        rows += cost_rows(start, group, peers)
    facts = [
        "Speeds are medians, the best in brackets. Peak memory is without that of the peers' Python."
        + (" The ratio is ours to the faster build of llama.cpp (bold); over 1, ours is ahead." if has_ours else ""),
        f"CPU: {machine.cpu}, {machine.cores} cores, {' '.join(machine.instruction_sets)}."
        f" Load average at the start: {machine.load_average:.1f}.",
    ]
    return "\n".join([markdown(rows, header), "", *facts, *notes])
