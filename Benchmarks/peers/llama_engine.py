"""A model under llama.cpp's C API, as the bindings of llama-cpp-python give it: load it, run one test."""

from __future__ import annotations

import ctypes
from pathlib import Path
from types import ModuleType

from duration import Duration
from speed_tests import SpeedTest, token_at

UBATCH = 512
"""Tokens in one forward pass, as in llama-bench."""


class LlamaFailure(Exception):
    """llama.cpp refused something; the message says what."""


class LlamaEngine:
    """One loaded model, and a context that fits the test it ran last."""

    def __init__(self, api: ModuleType, model: Path, threads: int, unified_cache: bool = False) -> None:
        """Loads a GGUF file through a memory map.

        Args:
            api: The module `llama_cpp.llama_cpp` of one build.
            model: The file.
            threads: Used for prefill and for decode.
            unified_cache: One KV buffer for all sequences instead of one stream each.

        Raises:
            LlamaFailure: The file cannot be loaded.
        """
        self._api = api
        self._threads = threads
        self._unified_cache = unified_cache
        self._context: int | None = None
        self._context_shape: tuple[int, int] = (0, 0)
        self._prepared: SpeedTest | None = None
        # Kept as a member: the library holds the function pointer.
        self._silence = api.llama_log_callback(lambda level, text, data: None)
        api.llama_log_set(self._silence, ctypes.c_void_p(0))
        api.llama_backend_init()
        parameters = api.llama_model_default_params()
        parameters.n_gpu_layers = 0
        parameters.load_mode = api.LLAMA_LOAD_MODE_MMAP
        self._model = api.llama_model_load_from_file(str(model).encode(), parameters)
        if not self._model:
            raise LlamaFailure(f"llama.cpp cannot load {model}")
        self._vocabulary = api.llama_vocab_n_tokens(api.llama_model_get_vocab(self._model))

    def describe(self) -> str:
        """llama.cpp's words for the model, such as `llama 135M Q8_0`."""
        buffer = ctypes.create_string_buffer(256)
        self._api.llama_model_desc(self._model, buffer, len(buffer))
        return buffer.value.decode(errors="replace")

    def system_info(self) -> str:
        """The instruction sets and options that the library was built with."""
        text: bytes = self._api.llama_print_system_info()
        return text.decode(errors="replace").strip()

    def prepare(self, test: SpeedTest) -> None:
        """Brings the caches to the state before the timed part; prefills what is missing.

        A context is made anew when the last one has another shape; its first run is then a warm-up.
        """
        shape = (test.sequences, test.length)
        if self._context is None or self._context_shape != shape:
            self._make_context(*shape)
            self._prepared = None
        if self._prepared != test:
            self._clear()
            self._prefill(test.sequences, test.context)
            self._prepared = test

    def run(self, test: SpeedTest) -> Duration:
        """Runs the test once and returns what its timed part took."""
        self.prepare(test)
        size = test.token_count if test.is_prefill else test.sequences
        batch = self._api.llama_batch_init(size, 0, 1)
        try:
            if test.is_prefill:
                self._fill_with_prompts(batch, test.sequences, test.tokens)
            start = Duration.now()
            if test.is_prefill:
                self._run_batch(batch)
            else:
                self._decode(batch, test)
            duration = Duration.now() - start
        finally:
            self._api.llama_batch_free(batch)
        self._rewind(test)
        return duration

    def compute_one_token(self) -> None:
        """Makes a context and computes one token: a memory-mapped file is read only now."""
        self._make_context(1, 1)
        self._prefill(1, 1)

    def close(self) -> None:
        """Frees the context and the model."""
        if self._context is not None:
            self._api.llama_free(self._context)
            self._context = None
        self._api.llama_model_free(self._model)

    # MARK: the parts of a test

    def _prefill(self, sequences: int, tokens: int) -> None:
        """Runs `tokens` tokens of every sequence from position 0."""
        if tokens == 0:
            return
        batch = self._api.llama_batch_init(sequences * tokens, 0, 1)
        try:
            self._fill_with_prompts(batch, sequences, tokens)
            self._run_batch(batch)
        finally:
            self._api.llama_batch_free(batch)

    def _fill_with_prompts(self, batch: ctypes.Structure, sequences: int, tokens: int) -> None:
        """Puts `tokens` tokens of every sequence into a batch; logits of each last token only."""
        batch.n_tokens = sequences * tokens
        for sequence in range(sequences):
            for position in range(tokens):
                self._place(batch, sequence * tokens + position, sequence, position, position == tokens - 1)

    def _decode(self, batch: ctypes.Structure, test: SpeedTest) -> None:
        """Runs `test.tokens` steps of one token a sequence, with logits for each."""
        batch.n_tokens = test.sequences
        for position in range(test.context, test.length):
            for sequence in range(test.sequences):
                self._place(batch, sequence, sequence, position, True)
            self._run_batch(batch)

    def _place(self, batch: ctypes.Structure, index: int, sequence: int, position: int, wants_logits: bool) -> None:
        """Fills one slot of a batch."""
        batch.token[index] = token_at(sequence, position, self._vocabulary)
        batch.pos[index] = position
        batch.n_seq_id[index] = 1
        batch.seq_id[index][0] = sequence
        batch.logits[index] = wants_logits

    def _run_batch(self, batch: ctypes.Structure) -> None:
        """One `llama_decode`, to its end."""
        status = self._api.llama_decode(self._context, batch)
        self._api.llama_synchronize(self._context)
        if status != 0:
            raise LlamaFailure(f"llama_decode of {batch.n_tokens} tokens returned {status}")

    # MARK: the context

    def _make_context(self, sequences: int, length: int) -> None:
        """Replaces the context by one for `sequences` sequences of `length` tokens."""
        if self._context is not None:
            self._api.llama_free(self._context)
        parameters = self._api.llama_context_default_params()
        # llama.cpp pads a sequence's share to a multiple of 256.
        parameters.n_ctx = sequences * (-(-length // 256) * 256)
        parameters.n_batch = max(UBATCH, sequences * length)
        parameters.n_ubatch = UBATCH
        parameters.n_seq_max = sequences
        parameters.n_threads = self._threads
        parameters.n_threads_batch = self._threads
        parameters.flash_attn_type = self._api.LLAMA_FLASH_ATTN_TYPE_ENABLED
        parameters.kv_unified = self._unified_cache
        parameters.no_perf = True
        self._context = self._api.llama_init_from_model(self._model, parameters)
        if not self._context:
            self._context = None
            raise LlamaFailure(f"llama.cpp cannot make a context of {sequences} × {length} tokens")
        self._context_shape = (sequences, length)

    def _rewind(self, test: SpeedTest) -> None:
        """Drops what the timed part appended, so that the next run starts from the same caches."""
        if test.context == 0:
            self._clear()
            return
        memory = self._api.llama_get_memory(self._context)
        for sequence in range(test.sequences):
            if not self._api.llama_memory_seq_rm(memory, sequence, test.context, -1):
                raise LlamaFailure(f"llama.cpp cannot drop the tail of sequence {sequence}")

    def _clear(self) -> None:
        """Empties every sequence's cache."""
        self._api.llama_memory_clear(self._api.llama_get_memory(self._context), False)
