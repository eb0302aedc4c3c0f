"""Writes one set of windows in two orders: every batch about one topic, or about all of them.

    topics.py MODEL.gguf TEXT TOKENS OUTPUT

TOKENS are the ids of TEXT, one a line (`sonde evaluate perplexity --tokens-out`). From each of four
articles come 12 windows of 256 tokens. A window begins at a word and ends before one, so that windows
in any order give the same tokens again. OUTPUT/one-topic.txt has them article by article,
OUTPUT/mixed.txt in turn: a batch of 12 has three of each article.
"""

import pathlib
import struct
import sys

ARTICLES = ["Devin Townsend", "Michael Jordan", "Polish culture during World War II", "Coldrum Long Barrow"]
WINDOWS, CONTEXT = 12, 256
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
STRING, ARRAY = 8, 9


def number(file, form):
    return struct.unpack("<" + form, file.read(struct.calcsize("<" + form)))[0]


def string(file):
    return file.read(number(file, "Q"))


def value(file, kind):
    if kind == STRING:
        return string(file)
    if kind == ARRAY:
        kind, count = number(file, "I"), number(file, "Q")
        return [value(file, kind) for _ in range(count)]
    return file.read(SIZES[kind])


def vocabulary(path):
    """The tokens' bytes (GPT-2's alphabet for bytes)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    alphabet = {chr(byte): byte for byte in plain}
    alphabet |= {chr(256 + place): byte for place, byte in enumerate(others)}
    with open(path, "rb") as file:
        file.read(16)
        for _ in range(number(file, "Q")):
            key, kind = string(file), number(file, "I")
            found = value(file, kind)
            if key == b"tokenizer.ggml.tokens":
                words = [token.decode() for token in found]
                return [bytes(alphabet.get(c, 63) for c in word) for word in words]
    sys.exit(f"{path}: no vocabulary")


def begins_word(token):
    return len(token) > 1 and token[:1] == b" " and token[1:2].isalpha()


def windows(pieces):
    found, at = [], 0
    while len(found) < WINDOWS:
        end = at + CONTEXT
        if end >= len(pieces):
            sys.exit("an article is too short")
        if begins_word(pieces[at]) and begins_word(pieces[end]) and not pieces[end - 1][-1:].isspace():
            found.append(b"".join(pieces[at:end]))
            at = end
        else:
            at += 1
    return found


def main():
    model, text, tokens, output = sys.argv[1:]
    words = vocabulary(model)
    pieces = [words[int(line)] for line in open(tokens)]
    whole = pathlib.Path(text).read_bytes()
    if b"".join(pieces) != whole[: sum(map(len, pieces))]:
        sys.exit("the tokens are not this text's")
    places, at = {}, 0
    for index, piece in enumerate(pieces):
        places[at] = index
        at += len(piece)
    sets = []
    for title in ARTICLES:
        begin = whole.index(f"\n = {title} = \n".encode()) + 1
        while begin not in places:
            begin += 1
        sets.append(windows(pieces[places[begin] :]))
    folder = pathlib.Path(output)
    (folder / "one-topic.txt").write_bytes(b"".join(w for set in sets for w in set))
    (folder / "mixed.txt").write_bytes(b"".join(w for turn in zip(*sets) for w in turn))


main()
