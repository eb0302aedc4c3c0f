"""Writes a tiny seeded model with one token a byte: it says nothing sensible, thousands of times a minute.

A leak of some bytes a request shows within minutes on it, where the real model would need hours.
Usage: tiny_model.py FOLDER; then `soak.py SONDE --model FOLDER --only mixed`.
"""

import array
import json
import os
import random
import struct
import sys

HIDDEN, HEADS, KV_HEADS, WIDTH, CHANNELS, LAYERS, CONTEXT = 64, 4, 2, 16, 256, 5, 2048
SPECIAL = ("<pad>", "<s>", "</s>")
VOCABULARY = 256 + len(SPECIAL)


def tensors():
    yield "model.embed_tokens.weight", (VOCABULARY, HIDDEN), 1, 0
    yield "lm_head.weight", (VOCABULARY, HIDDEN), 0.5, 0
    yield "model.norm.weight", (HIDDEN,), 0.25, 1
    for layer in range(LAYERS):
        name = f"model.layers.{layer}."
        yield name + "self_attn.q_proj.weight", (HEADS * WIDTH, HIDDEN), 0.25, 0
        yield name + "self_attn.k_proj.weight", (KV_HEADS * WIDTH, HIDDEN), 0.25, 0
        yield name + "self_attn.v_proj.weight", (KV_HEADS * WIDTH, HIDDEN), 0.25, 0
        yield name + "self_attn.o_proj.weight", (HIDDEN, HEADS * WIDTH), 0.25, 0
        yield name + "mlp.gate_proj.weight", (CHANNELS, HIDDEN), 0.25, 0
        yield name + "mlp.up_proj.weight", (CHANNELS, HIDDEN), 0.25, 0
        yield name + "mlp.down_proj.weight", (HIDDEN, CHANNELS), 0.12, 0
        yield name + "input_layernorm.weight", (HIDDEN,), 0.25, 1
        yield name + "post_attention_layernorm.weight", (HIDDEN,), 0.25, 1


def letters():
    """What byte-level tokenizers write for each byte: itself where it can be seen."""
    hidden = 256
    for byte in range(256):
        if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or byte >= 0xAE:
            yield chr(byte)
        else:
            yield chr(hidden)
            hidden += 1


def write(folder):
    os.makedirs(folder, exist_ok=True)
    rng = random.Random(17)
    header, contents = {}, b""
    for name, shape, scale, offset in tensors():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        values = array.array("f", (offset + scale * (2 * rng.random() - 1) for _ in range(count)))
        span = [len(contents), len(contents) + 4 * count]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": span}
        contents += values.tobytes()
    head = json.dumps(header).encode()
    with open(os.path.join(folder, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head + contents)
    vocabulary = {name: index for index, name in enumerate(SPECIAL)}
    vocabulary |= {letter: len(SPECIAL) + byte for byte, letter in enumerate(letters())}
    files = {
        "config.json": {
            "model_type": "llama",
            "vocab_size": VOCABULARY,
            "hidden_size": HIDDEN,
            "num_hidden_layers": LAYERS,
            "max_position_embeddings": CONTEXT,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "intermediate_size": CHANNELS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": KV_HEADS,
            "head_dim": WIDTH,
            "rms_norm_eps": 1e-5,
            "tie_word_embeddings": False,
            "rope_theta": 10_000.0,
        },
        "tokenizer.json": {
            "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
            "decoder": {"type": "ByteLevel"},
            "added_tokens": [
                {"id": index, "content": name, "special": True}
                for index, name in enumerate(SPECIAL)
            ],
        },
        "tokenizer_config.json": {
            "bos_token": "<s>",
            "eos_token": "</s>",
            "chat_template": "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}",
        },
    }
    for name, value in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(value, file)


if __name__ == "__main__":
    write(sys.argv[1])
