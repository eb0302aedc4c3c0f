#!/usr/bin/env python3
"""Writes golden files for tokenizers of every supported kind.

Small tokenizers are trained on a seeded corpus with PyPI's `tokenizers` and `sentencepiece`; seeded
texts are encoded and decoded with them. Each file holds the tokenizer and the results, so that the
tests need no Python.

Usage: generate-golden.py FOLDER [CASES-A-FILE [SEED]]
Made with tokenizers 0.23.3 and sentencepiece 0.2.3; scalars that Unicode 14 does not assign are
left out, because the libraries follow different versions of Unicode.
"""

import io
import json
import pathlib
import random
import sys
import unicodedata

import sentencepiece
from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers,
)

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
WORDS = (
    "the of and to in a is that it was for on as with by he at from his they I'm don't WE'LL naïve "
    "Ångström straße 北京 東京 한국어 Привет Ελλάδα हिन्दी שלום مرحبا 12 345 6789 3.14 ½ Ⅷ ٣٤ ① x² "
    "for(int i=0;i<n;++i){ return a[i]; } def f(x): == != <= -> // # \"quoted\" 'single' "
    "👩‍🚀 🦙 😀 🇩🇪 e\u0301 ﬁne ǅ ſ K Ω … — “” €5 $6 a+b ~ ^ ` | _snake_case camelCase"
).split(" ")
SPACES = [" ", " ", " ", " ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", " \n ", "\u00a0", "\u3000", "\u2028", "\u0085"]
SPECIAL = ["<s>", "</s>", "<unk>", "<|left|>", "<|right|>", "<|end|>", "word", "<New Line>", "ÄÖ", "▁", "<0x41>"]


def scalar(rng):
    while True:
        value = rng.choice([rng.randrange(0x250), rng.randrange(0x3000), rng.randrange(0x30000)])
        if unicodedata.category(chr(value)) not in ("Cn", "Cs", "Co"):
            return chr(value)


def text(rng, specials):
    parts = []
    for _ in range(rng.randrange(1, 9)):
        kind = rng.randrange(10)
        if kind < 4:
            parts.append(rng.choice(WORDS))
        elif kind < 7:
            parts.append(rng.choice(SPACES))
        elif kind < 8:
            parts.append("".join(scalar(rng) for _ in range(rng.randrange(1, 4))))
        elif kind < 9 and specials:
            parts.append(rng.choice(SPECIAL))
        else:
            parts.append(rng.choice("abcxyzABC0123456789'.,!?()[]{}<>=+-*/ ") * rng.randrange(1, 7))
    return "".join(parts)


def corpus(rng):
    return [" ".join(rng.choice(WORDS) for _ in range(12)) for _ in range(300)]


ADDED = [
    AddedToken("<|left|>", lstrip=True, special=True, normalized=False),
    AddedToken("<|right|>", rstrip=True, special=True, normalized=False),
    AddedToken("<|end|>", special=True, normalized=False),
    AddedToken("word", single_word=True, normalized=False),
    AddedToken("<New Line>", normalized=True),
    AddedToken("ÄÖ", normalized=True, lstrip=True, rstrip=True),
]


def build(rng, *, normalizer=None, pre=None, decoder=None, post=None, byte_level=False, size=420,
          fallback=False, metaspace=False, unk=None, **model):
    tok = Tokenizer(models.BPE(unk_token=unk, byte_fallback=fallback, **model))
    if normalizer:
        tok.normalizer = normalizer
    if pre:
        tok.pre_tokenizer = pre
    specials = ["<unk>", "<s>", "</s>"]
    if fallback:
        specials += [f"<0x{b:02X}>" for b in range(256)]
        size += 256
    training_pre = tok.pre_tokenizer
    if metaspace:  # Trained on words, used on whole texts.
        tok.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    tok.train_from_iterator(
        corpus(rng),
        trainers.BpeTrainer(
            vocab_size=size, special_tokens=specials, show_progress=False,
            limit_alphabet=120,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if byte_level else [],
        ),
    )
    if fallback:  # Byte tokens belong to the model alone.
        state = json.loads(tok.to_str())
        state["added_tokens"] = state["added_tokens"][:3]
        state["model"]["ignore_merges"] = model.get("ignore_merges", False)
        tok = Tokenizer.from_str(json.dumps(state))
    if metaspace:
        state = json.loads(tok.to_str())
        state["pre_tokenizer"] = json.loads(training_pre.__getstate__()) if training_pre else None
        tok = Tokenizer.from_str(json.dumps(state))
    tok.add_tokens(ADDED)
    if decoder:
        tok.decoder = decoder
    if post:
        tok.post_processor = processors.TemplateProcessing(
            single=post, special_tokens=[("<s>", 1), ("</s>", 2)])
    return tok


def kinds(rng):
    n, p, d = normalizers, pre_tokenizers, decoders
    def level(prefix=False, regex=True):
        return p.ByteLevel(add_prefix_space=prefix, use_regex=regex)
    def split(expression):
        return p.Sequence([p.Split(Regex(expression), "isolated"), level(regex=False)])
    spm = d.Sequence([d.Replace("▁", " "), d.ByteFallback(), d.Fuse(), d.Strip(" ", 1, 0)])
    gemma = d.Sequence([d.Replace("▁", " "), d.ByteFallback(), d.Fuse()])
    byte = dict(byte_level=True, decoder=d.ByteLevel())
    yield "gpt-2", build(rng, pre=level(), **byte)
    yield "opt", build(rng, pre=level(prefix=True), post="<s> $A", **byte)
    yield "smollm", build(rng, pre=p.Sequence([p.Digits(individual_digits=True), level()]), **byte)
    yield "llama-3", build(rng, pre=split(LLAMA3), post="<s> $A", ignore_merges=True, **byte)
    yield "qwen2", build(rng, normalizer=n.NFC(), pre=split(QWEN2), **byte)
    yield "llama-2", build(
        rng, normalizer=n.Sequence([n.Prepend("▁"), n.Replace(" ", "▁")]), decoder=spm,
        fallback=True, unk="<unk>", fuse_unk=True, metaspace=True, post="<s> $A")
    yield "gemma", build(
        rng, normalizer=n.Replace(" ", "▁"), pre=p.Split(" ", "merged_with_previous"),
        decoder=gemma, fallback=True, unk="<unk>", fuse_unk=True, metaspace=True, post="<s> $A </s>")
    yield "metaspace-first", build(
        rng, normalizer=n.Sequence([n.NFKC(), n.Lowercase()]), unk="<unk>", fuse_unk=True,
        pre=p.Metaspace(prepend_scheme="first"), decoder=d.Metaspace(prepend_scheme="first"))
    yield "metaspace-whole", build(
        rng, normalizer=n.Sequence([n.NFD(), n.StripAccents(), n.Strip()]), unk="<unk>",
        pre=p.Metaspace(prepend_scheme="always", split=False),
        decoder=d.Metaspace(prepend_scheme="always"), metaspace=True)
    yield "words", build(
        rng, normalizer=n.NFKD(), pre=p.Sequence([p.Whitespace(), p.Digits(individual_digits=False)]),
        decoder=d.Fuse(), unk="<unk>")
    yield "punctuation", build(
        rng, pre=p.Sequence([
            p.WhitespaceSplit(), p.Punctuation("merged_with_next"), p.Split("a", "contiguous"),
            p.Split("ll", "removed")]),
        decoder=d.Fuse())


def tokenizer_json(rng, count):
    for name, tok in kinds(rng):
        cases = []
        for _ in range(count):
            sample = text(rng, True)
            tok.encode_special_tokens = False
            ids = tok.encode(sample, add_special_tokens=False).ids
            full = tok.encode(sample, add_special_tokens=True).ids
            tok.encode_special_tokens = True
            plain = tok.encode(sample, add_special_tokens=False).ids
            tok.encode_special_tokens = False
            # Such tokens the reference decodes to their normalised, or wrongly byte-level, text.
            is_odd = any(t.normalized and i in ids for i, t in tok.get_added_tokens_decoder().items())
            cases.append([
                sample, ids, len(full) - len(ids), plain if plain != ids else None,
                None if is_odd else tok.decode(ids, skip_special_tokens=False),
                None if is_odd else tok.decode(ids, skip_special_tokens=True)])
        yield name, {"tokenizer": tok.to_str(), "cases": cases}


def sentence_pieces(rng, count):
    for name, prefix, fallback in [("spm-llama", True, True), ("spm-gemma", False, True), ("spm-unknown", True, False)]:
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(corpus(rng)), model_writer=model, model_type="bpe",
            vocab_size=700 if fallback else 450, byte_fallback=fallback, add_dummy_prefix=prefix,
            remove_extra_whitespaces=False, normalization_rule_name="identity",
            character_coverage=0.98, minloglevel=2, num_threads=1,
            hard_vocab_limit=False)
        sp = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        pieces = range(sp.get_piece_size())
        kind = lambda i: (2 if sp.is_unknown(i) else 3 if sp.is_control(i) else 6 if sp.is_byte(i) else 1)
        cases = []
        for _ in range(count):
            # SentencePiece takes NUL for the end, and drops nothing else.
            sample = text(rng, False).replace("\0", "")
            ids = sp.encode(sample)
            cases.append([sample, ids, sp.decode(ids)])
        yield name, {
            "tokens": [sp.id_to_piece(i) for i in pieces],
            "scores": [sp.get_score(i) for i in pieces],
            "types": [kind(i) for i in pieces],
            "adds_space_prefix": prefix, "cases": cases}


def main():
    folder = pathlib.Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 20250101)
    folder.mkdir(parents=True, exist_ok=True)
    for make in (tokenizer_json, sentence_pieces):
        for name, golden in make(rng, count):
            content = json.dumps(golden, ensure_ascii=True, separators=(",", ":"))
            (folder / f"{name}.json").write_text(content + "\n")


main()
