"""The tests that both sides run, and the lines they answer with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SpeedTest:
    """One timed piece of work: `sequences` × `tokens` tokens after `context` untimed ones in each sequence."""

    name: str
    title: str
    sequences: int
    context: int
    tokens: int
    is_prefill: bool
    """Prefill takes all tokens of a sequence at once; decode takes one token of every sequence a step."""

    @property
    def length(self) -> int:
        """Tokens that one sequence holds at the end."""
        return self.context + self.tokens

    @property
    def token_count(self) -> int:
        """Timed tokens of all sequences."""
        return self.sequences * self.tokens


TESTS = {
    test.name: test
    for test in (
        SpeedTest("pp512", "prefill 512", 1, 0, 512, True),
        SpeedTest("tg128", "decode", 1, 8, 128, False),
        SpeedTest("tg@8x512", "decode × 8 (context 512–576)", 8, 512, 64, False),
        SpeedTest("tg@16x64", "decode × 16 (context 64–128)", 16, 64, 64, False),
        SpeedTest("pp8x512", "prefill 8 × 512", 8, 0, 512, True),
    )
}
"""Single-sequence tests come first, so that the peak memory after them is that of one sequence."""


def token_at(sequence: int, position: int, vocabulary: int) -> int:
    """The input token at a place: a fixed scatter over the vocabulary, the same on both sides."""
    return (1 + 1009 * sequence + 7919 * position) % vocabulary
