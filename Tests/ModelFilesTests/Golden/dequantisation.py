#!/usr/bin/env python3
"""Writes dequantisation.json: seeded random blocks of every format, and what they stand for.

Needs the packages gguf and numpy. Usage: python3 dequantisation.py > dequantisation.json
"""
import base64
import json

import numpy
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

NAMES = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
         "IQ4_NL", "IQ4_XS"]
# Where the half-precision numbers of a block lie; random bytes there could be no numbers.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
          "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
          "IQ4_NL": [0], "IQ4_XS": [0]}
BLOCK_COUNT = 2

random = numpy.random.default_rng(20250215)
cases = []
for name in NAMES:
    kind = GGMLQuantizationType[name]
    block_size, byte_count = GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (BLOCK_COUNT, byte_count), dtype=numpy.uint8)
    for offset in HALVES[name]:
        halves = random.uniform(-0.1, 0.1, (BLOCK_COUNT, 1)).astype("<f2")
        blocks[:, offset:offset + 2] = halves.view(numpy.uint8)
    values = dequantize(blocks, kind).astype("<f4").reshape(-1)
    assert values.size == BLOCK_COUNT * block_size and numpy.isfinite(values).all()
    cases.append({
        "type": int(kind), "name": name, "columns": values.size,
        "blocks": base64.b64encode(blocks.tobytes()).decode(),
        "values": base64.b64encode(values.tobytes()).decode(),
    })
print(json.dumps(cases, indent=1))
