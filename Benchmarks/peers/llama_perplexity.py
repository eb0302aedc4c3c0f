"""Tokens and perplexity of a text under one build of llama.cpp; prints one JSON object."""

from __future__ import annotations

import argparse
import ctypes
import importlib
import json
import math
import sys
from pathlib import Path
from types import ModuleType

import numpy

from llama_engine import LlamaEngine, LlamaFailure
from paths import fail


class LlamaPerplexity(LlamaEngine):
    """A loaded model that scores given tokens."""

    def tokens(self, text: bytes) -> list[int]:
        """The text's tokens, with a BOS in front where the model asks for one.

        Raises:
            LlamaFailure: The text cannot be tokenised.
        """
        vocabulary = self._api.llama_model_get_vocab(self._model)
        room = len(text) + 8
        tokens = (self._api.llama_token * room)()
        count = self._api.llama_tokenize(vocabulary, text, len(text), tokens, room, True, False)
        if count < 0:
            raise LlamaFailure(f"llama.cpp wants room for {-count} tokens, expected at most {room}")
        return list(tokens[:count])

    def negative_log_likelihoods(self, window: list[int]) -> numpy.ndarray:
        """Of each token but the first, given those before it; float64, shape `[tokens - 1]`."""
        if self._context is None:
            self._make_context(1, len(window))
        self._clear()
        batch = self._api.llama_batch_init(len(window), 0, 1)
        try:
            batch.n_tokens = len(window)
            for position, token in enumerate(window):
                batch.token[position] = token
                batch.pos[position] = position
                batch.n_seq_id[position] = 1
                batch.seq_id[position][0] = 0
                batch.logits[position] = True
            self._run_batch(batch)
        finally:
            self._api.llama_batch_free(batch)
        address = ctypes.cast(self._api.llama_get_logits(self._context), ctypes.POINTER(ctypes.c_float))
        logits = numpy.ctypeslib.as_array(address, shape=(len(window), self._vocabulary))
        result = numpy.empty(len(window) - 1)
        for position, token in enumerate(window[1:]):
            row = logits[position].astype(numpy.float64)
            largest = row.max()
            result[position] = largest + math.log(numpy.exp(row - largest).sum()) - row[token]
        return result


def load_api(prefix: Path) -> ModuleType:
    """The bindings of one build."""
    sys.path.insert(0, str(prefix))
    return importlib.import_module("llama_cpp.llama_cpp")


def main() -> None:
    """Scores the whole windows of a text."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prefix", type=Path, required=True, help="a build of build_llama.py")
    parser.add_argument("--model", type=Path, required=True, help="GGUF file")
    parser.add_argument("--text", type=Path, required=True, help="UTF-8 text")
    parser.add_argument("--context", type=int, default=256, help="tokens a window (default: 256)")
    parser.add_argument("--windows", type=int, help="most windows to score (default: all)")
    parser.add_argument("--threads", type=int, default=2, help="threads (default: 2)")
    arguments = parser.parse_args()
    if arguments.context < 2:
        parser.error("--context: expected 2 or more")
    try:
        engine = LlamaPerplexity(load_api(arguments.prefix), arguments.model, arguments.threads)
        tokens = engine.tokens(arguments.text.read_bytes())
        starts = range(0, len(tokens) - arguments.context + 1, arguments.context)[: arguments.windows]
        if not starts:
            fail(f"{arguments.text} has {len(tokens)} tokens, expected at least {arguments.context}")
        scores = [engine.negative_log_likelihoods(tokens[start : start + arguments.context]) for start in starts]
    except (LlamaFailure, OSError) as error:
        fail(str(error))
    loss = float(numpy.concatenate(scores).mean())
    answer = {"perplexity": math.exp(loss), "negative_log_likelihood": loss, "windows": len(starts), "tokens": tokens}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
