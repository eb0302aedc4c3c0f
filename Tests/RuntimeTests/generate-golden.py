#!/usr/bin/env python3
"""Writes Golden/*.json: what small models of every architecture give in Hugging Face's transformers.

Needs: pip install torch transformers (made with torch 2.15.0 and transformers 5.23.0, on a CPU).
Run: python3 generate-golden.py

Weights are not stored. The test makes the same ones from the model's list of tensors, in order and
row by row: value = offset + scale * u, each step rounded to f32, with u = (bits >> 40) * 2^-23 - 1
for the next 64 bits of SplitMix64, whose state starts at the model's seed.

A run is dense or keeps some heads and channels only: then the other columns of the output and down
projections are zero, which is the same. All logits come from full passes without a cache.
"""

import json
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM

PROMPT_LENGTH, PREFILL_ROWS, DECODE_STEPS = 40, 4, 16

COMMON = dict(
    vocab_size=64, hidden_size=64, num_hidden_layers=3, max_position_embeddings=128,
    bos_token_id=1, eos_token_id=2, pad_token_id=None,
)
ROTARY = dict(rope_type="default", rope_theta=10000.0)

MODELS = {
    # Heads wider than their share of the hidden size, and frequencies of all three kinds.
    "llama": dict(
        COMMON, model_type="llama", hidden_size=60, intermediate_size=96, num_attention_heads=6,
        num_key_value_heads=2, head_dim=16, rms_norm_eps=1e-5, tie_word_embeddings=False,
        rope_parameters=dict(
            rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0,
            high_freq_factor=4.0, original_max_position_embeddings=32,
        ),
    ),
    "llama-biases": dict(
        COMMON, model_type="llama", num_hidden_layers=2, intermediate_size=80,
        num_attention_heads=4, num_key_value_heads=4, head_dim=16, rms_norm_eps=1e-6,
        attention_bias=True, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.0),
    ),
    "mistral": dict(
        COMMON, model_type="mistral", intermediate_size=90, num_attention_heads=9,
        num_key_value_heads=3, head_dim=8, rms_norm_eps=1e-5, sliding_window=11,
        tie_word_embeddings=False, rope_parameters=ROTARY,
    ),
    "qwen2": dict(
        COMMON, model_type="qwen2", hidden_size=60, intermediate_size=100, num_attention_heads=5,
        num_key_value_heads=5, rms_norm_eps=1e-6, use_sliding_window=False,
        tie_word_embeddings=True, rope_parameters=dict(ROTARY, rope_theta=1000000.0),
    ),
    "qwen3": dict(
        COMMON, model_type="qwen3", intermediate_size=96, num_attention_heads=3,
        num_key_value_heads=1, head_dim=32, rms_norm_eps=1e-6, use_sliding_window=False,
        tie_word_embeddings=True, rope_parameters=dict(ROTARY, rope_theta=1000000.0),
    ),
    "gemma3": dict(
        COMMON, model_type="gemma3_text", num_hidden_layers=4, intermediate_size=112,
        num_attention_heads=4, num_key_value_heads=1, head_dim=32, rms_norm_eps=1e-6,
        query_pre_attn_scalar=24, sliding_window=9, tie_word_embeddings=True,
        hidden_activation="gelu_pytorch_tanh",
        layer_types=["sliding_attention", "full_attention"] * 2,
        rope_parameters=dict(
            full_attention=dict(rope_type="linear", rope_theta=1000000.0, factor=8.0),
            sliding_attention=ROTARY,
        ),
    ),
    "phi3": dict(
        COMMON, model_type="phi3", hidden_size=80, intermediate_size=88, num_attention_heads=5,
        num_key_value_heads=1, rms_norm_eps=1e-5, sliding_window=13, tie_word_embeddings=False,
        partial_rotary_factor=0.75,
        rope_parameters=dict(ROTARY, partial_rotary_factor=0.75),
    ),
    "opt": dict(
        COMMON, model_type="opt", ffn_dim=144, num_attention_heads=4, word_embed_proj_dim=64,
        activation_function="relu", do_layer_norm_before=True, dropout=0.0, enable_bias=True,
        tie_word_embeddings=True,
    ),
}


class SplitMix64:
    """Steele, Lea, Flood: Fast splittable pseudorandom number generators (OOPSLA 2014)."""

    def __init__(self, seed):
        self.state = np.uint64(seed)

    def next(self, count):
        with np.errstate(over="ignore"):
            gamma = np.uint64(0x9E3779B97F4A7C15)
            z = self.state + gamma * np.arange(1, count + 1, dtype=np.uint64)
            self.state = self.state + gamma * np.uint64(count)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            return z ^ (z >> np.uint64(31))

    def uniform(self, count):
        bits = (self.next(count) >> np.uint64(40)).astype(np.float32)
        return bits * np.float32(2**-23) - np.float32(1)


def recipe(name, shape, model_type):
    """(scale, offset) of a tensor."""
    if name.endswith(".bias"):
        return 0.25, 0.0
    if len(shape) == 1:
        return 0.25, 0.0 if model_type == "gemma3_text" else 1.0
    if "embed" in name:
        return 1.0, 0.0
    return float(np.float32(2.0 / np.sqrt(shape[1]))), 0.0


def tensors(model, config):
    listed = []
    for name, value in model.state_dict().items():
        if name == "lm_head.weight" and config["tie_word_embeddings"]:
            continue
        scale, offset = recipe(name, value.shape, config["model_type"])
        listed.append(dict(name=name, shape=list(value.shape), scale=scale, offset=offset))
    return listed


def load(model, listed, seed):
    random = SplitMix64(seed)
    state = {}
    for tensor in listed:
        values = random.uniform(int(np.prod(tensor["shape"]))) * np.float32(tensor["scale"])
        values = values + np.float32(tensor["offset"])
        state[tensor["name"]] = torch.from_numpy(values.reshape(tensor["shape"]))
    model.load_state_dict(state, strict=False)
    model.tie_weights()


def consumers(model, config):
    """The output and down projections of each layer."""
    if config["model_type"] == "opt":
        return [(x.self_attn.out_proj, x.fc2) for x in model.model.decoder.layers]
    return [(x.self_attn.o_proj, x.mlp.down_proj) for x in model.model.layers]


def choose_masks(model, config, random):
    """Kept heads and channels of each layer: about two thirds, and of the last layer one head."""
    heads = config["num_attention_heads"]
    channels = config.get("intermediate_size", config.get("ffn_dim"))
    masks = []
    for layer in range(config["num_hidden_layers"]):
        last = layer == config["num_hidden_layers"] - 1
        chosen = []
        for count, kept in ((heads, 1 if last else max(1, heads * 2 // 3)), (channels, channels // 2)):
            order = np.argsort(random.uniform(count), kind="stable")
            chosen.append(sorted(int(index) for index in order[:kept]))
        masks.append(dict(heads=chosen[0], channels=chosen[1]))
    return masks


def apply(masks, model, config):
    heads = config["num_attention_heads"]
    for mask, (output, down) in zip(masks, consumers(model, config)):
        width = output.weight.shape[1] // heads
        for head in set(range(heads)) - set(mask["heads"]):
            output.weight[:, head * width : (head + 1) * width] = 0
        for channel in set(range(down.weight.shape[1])) - set(mask["channels"]):
            down.weight[:, channel] = 0


def logits(model, tokens):
    return model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0].numpy()


def rounded(rows):
    return [[float(f"{value:.6g}") for value in row] for row in rows]


def run(model, prompt):
    tokens = list(prompt)
    prefill = logits(model, tokens)
    generated, decode = [int(prefill[-1].argmax())], []
    for step in range(DECODE_STEPS):
        row = logits(model, tokens + generated)[-1]
        decode.append(row)
        if step < DECODE_STEPS - 1:
            generated.append(int(row.argmax()))
    return dict(
        prefill=rounded(prefill[-PREFILL_ROWS:]), generated=generated, decode=rounded(decode)
    )


class Prober:
    """Probe Pruning (arXiv:2502.15618) of one sequence without history, by hooks on the modules.

    A block's probe is the half of the rows with the largest residual; they attend causally to each
    other alone, whatever the layer's window. All layers but the first keep the best 60 %.
    """

    RATIO, TOKEN_RATIO, SKIPPED = 0.4, 0.5, 1

    def __init__(self, model, config):
        self.heads = config["num_attention_heads"]
        self.masks = [None] * config["num_hidden_layers"]
        self.residual, self.probing, self.states = None, False, None
        is_opt = config["model_type"] == "opt"
        layers = model.model.decoder.layers if is_opt else model.model.layers
        for index, (layer, (output, down)) in enumerate(zip(layers, consumers(model, config))):
            if index < self.SKIPPED:
                continue
            first, second = {
                "opt": ("self_attn_layer_norm", "final_layer_norm"),
                "gemma3_text": ("input_layernorm", "pre_feedforward_layernorm"),
            }.get(config["model_type"], ("input_layernorm", "post_attention_layernorm"))
            for name in (first, second):
                getattr(layer, name).register_forward_pre_hook(self.take_residual)
            for consumer in (output, down):
                consumer.register_forward_pre_hook(self.take_states)
            layer.self_attn.register_forward_pre_hook(
                self.probe_attention(index, output), with_kwargs=True
            )
            (layer.fc1 if is_opt else layer.mlp).register_forward_pre_hook(
                self.probe_mlp(index, down, is_opt)
            )

    def take_residual(self, module, inputs):
        self.residual = inputs[0]

    def take_states(self, module, inputs):
        if self.probing:
            self.states = inputs[0][0].double().numpy()

    def rows(self):
        hidden = self.residual.reshape(-1, self.residual.shape[-1])
        norms = hidden.double().square().sum(-1).numpy()
        count = int(np.ceil(self.TOKEN_RATIO * len(norms)))
        return sorted(np.argsort(-norms, kind="stable")[:count])

    def keep(self, consumer, scores, width):
        kept = len(scores) - int(np.floor(self.RATIO * len(scores) + 1e-9))
        chosen = sorted(int(i) for i in np.argsort(-scores, kind="stable")[:kept])
        for unit in set(range(len(scores))) - set(chosen):
            consumer.weight[:, unit * width : (unit + 1) * width] = 0
        return chosen

    def probe_attention(self, index, consumer):
        def hook(module, inputs, options):
            if self.probing:
                return
            rows = self.rows()
            options = dict(options)
            hidden = options.pop("hidden_states") if "hidden_states" in options else inputs[0]
            if options.get("position_embeddings") is not None:
                options["position_embeddings"] = tuple(
                    part[:, rows] for part in options["position_embeddings"]
                )
            causal = torch.triu(torch.full((len(rows),) * 2, float("-inf")), 1)
            options["attention_mask"] = causal[None, None]
            self.probing = True
            module(hidden_states=hidden[:, rows], **options)
            self.probing = False
            importance = np.square(self.states).sum(0)
            weights = consumer.weight.double().numpy()
            squares = np.square(importance) * (weights**4).sum(0)
            scores = np.sqrt(squares.reshape(self.heads, -1).sum(1))
            width = weights.shape[1] // self.heads
            self.masks[index] = dict(heads=self.keep(consumer, scores, width))

        return hook

    def probe_mlp(self, index, consumer, is_opt):
        def hook(module, inputs):
            if self.probing:
                return
            self.probing = True
            states = module(inputs[0].reshape(1, -1, inputs[0].shape[-1])[:, self.rows()])
            self.probing = False
            if is_opt:
                self.states = torch.relu(states)[0].double().numpy()
            weights = consumer.weight.double().numpy()
            scores = np.square(self.states).sum(0) * np.sqrt((weights**4).sum(0))
            self.masks[index]["channels"] = self.keep(consumer, scores, 1)

        return hook


def probe(model, config, prompt):
    prober = Prober(model, config)
    last = logits(model, prompt)[-1]
    return dict(
        ratio=Prober.RATIO, tokenRatio=Prober.TOKEN_RATIO, masks=prober.masks,
        logits=rounded([last])[0],
    )


def golden(name, config, seed):
    options = {key: value for key, value in config.items() if key != "model_type"}
    made = AutoConfig.for_model(config["model_type"], **options)
    model = AutoModelForCausalLM.from_config(
        made, attn_implementation="eager", dtype=torch.float32
    ).eval()
    listed = tensors(model, config)
    load(model, listed, seed)
    random = SplitMix64(seed + 1000)
    prompt = [int(3 + bits % np.uint64(61)) for bits in random.next(PROMPT_LENGTH)]
    masks = choose_masks(model, config, random)
    runs = [dict(run(model, prompt), masks=None)]
    apply(masks, model, config)
    runs.append(dict(run(model, prompt), masks=masks))
    load(model, listed, seed)
    probed = probe(model, config, prompt)
    return dict(
        config=config, seed=seed, tensors=listed, prompt=prompt, runs=runs, probe=probed
    )


def main():
    folder = Path(__file__).parent / "Golden"
    folder.mkdir(exist_ok=True)
    with torch.no_grad():
        for seed, (name, config) in enumerate(MODELS.items(), start=1):
            text = json.dumps(golden(name, config, seed), separators=(",", ":"))
            (folder / f"{name}.json").write_text(text.replace('],"', '],\n"') + "\n")


if __name__ == "__main__":
    main()
