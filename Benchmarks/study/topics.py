"""Writes the same pieces of eight articles twice: article after article, and dealt in turn.

    topics.py WIKITEXT ONE MIXED

So a batch of eight windows is about one topic in ONE and about eight in MIXED. The first 300,000
characters are left to calibration.
"""

import pathlib
import re
import sys

ARTICLES, PIECES, PIECE_LENGTH = 8, 8, 1100


def pieces(article):
    """The article's first pieces of PIECE_LENGTH characters or a word more; None: it is too short."""
    found, rest = [], article
    while len(found) < PIECES:
        end = rest.find(" ", PIECE_LENGTH)
        if end < 0:
            return None
        found.append(rest[:end])
        rest = rest[end:]
    return found


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: topics.py WIKITEXT ONE MIXED")
    text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")[300_000:]
    articles = re.split(r"^(?= = [^=].* = $)", text, flags=re.MULTILINE)[1:]
    chosen = [found for found in map(pieces, articles) if found][:ARTICLES]
    if len(chosen) < ARTICLES:
        sys.exit(f"topics.py: {len(chosen)} articles are long enough, {ARTICLES} are needed")
    pathlib.Path(sys.argv[2]).write_text("".join(sum(chosen, [])), encoding="utf-8")
    dealt = ["".join(turn) for turn in zip(*chosen)]
    pathlib.Path(sys.argv[3]).write_text("".join(dealt), encoding="utf-8")


main()
