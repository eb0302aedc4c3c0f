"""The official OpenAI client against `sonde serve`: every answer it parses must be right.

Usage: openai_client.py BASE_URL PROMPT_TOKENS_FILE
The file holds what `sonde generate --json` answered at ratio 0 to the prompt below.
"""

import json
import sys

import openai

PROMPT = "The Eiffel Tower is located in"
base, expected_path = sys.argv[1:]
client = openai.OpenAI(base_url=base + "/v1", api_key="none", max_retries=0)
model = client.models.list().data[0].id
checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        sys.exit(f"openai client: {what}")


# The same tokens as the command line at ratio 0.
with open(expected_path, encoding="utf-8") as file:
    expected = json.load(file)["choices"][0]["text"]
whole = client.completions.create(model=model, prompt=PROMPT, max_tokens=24, temperature=0)
check(whole.choices[0].text == expected, f"{whole.choices[0].text!r} instead of {expected!r}")
check(whole.choices[0].finish_reason == "length", "finish_reason of a cut completion")
check(whole.usage.completion_tokens == 24, "completion_tokens")
check(whole.usage.model_extra["pruning"]["method"] == "dense", "usage.pruning.method")

chunks = list(
    client.completions.create(
        model=model,
        prompt=PROMPT,
        max_tokens=24,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
)
check("".join(c.choices[0].text for c in chunks if c.choices) == expected, "streamed text")
check(chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == 24, "the usage chunk")
check(chunks[-2].choices[0].finish_reason == "length", "the last choice chunk")

# Chats, whole and streamed.
messages = [{"role": "user", "content": "Name three colours."}]
chat = client.chat.completions.create(
    model=model, messages=messages, max_tokens=20, temperature=0, logprobs=True, top_logprobs=3
)
text = chat.choices[0].message.content
check(chat.choices[0].message.role == "assistant" and text, "a chat's message")
check(len(chat.choices[0].logprobs.content) == chat.usage.completion_tokens, "chat logprobs")
check(len(chat.choices[0].logprobs.content[0].top_logprobs) == 3, "top_logprobs")
parts = list(
    client.chat.completions.create(
        model=model, messages=messages, max_tokens=20, temperature=0, stream=True
    )
)
check(parts[0].choices[0].delta.role == "assistant", "the first chunk's role")
streamed = "".join(part.choices[0].delta.content or "" for part in parts)
check(streamed == text, f"a streamed chat: {streamed!r} instead of {text!r}")

# Pruned, n, seed, token ids, echo.
pruned = client.completions.create(
    model=model, prompt=PROMPT, max_tokens=8, extra_body={"pruning": {"ratio": 0.4}}
)
told = pruned.usage.model_extra["pruning"]
check(told["ratio"] == 0.4 and 0.5 < told["realised_flops_ratio"] < 1, f"usage.pruning: {told}")
several = [
    client.completions.create(model=model, prompt=PROMPT, max_tokens=8, n=3, seed=5)
    for _ in range(2)
]
texts = [[c.text for c in answer.choices] for answer in several]
check(texts[0] == texts[1] and len(set(texts[0])) > 1, f"seeds: {texts}")
ids = [504, 17, 2000, 31]
scored = client.completions.create(
    model=model, prompt=[ids], max_tokens=1, temperature=0, logprobs=1, echo=True
).choices[0].logprobs
check(len(scored.token_logprobs) == 5 and scored.token_logprobs[0] is None, "echoed logprobs")
check(all(max(t.values()) <= 0 for t in scored.top_logprobs[1:]), "top logprobs")

# Errors arrive as the client's own types.
for arguments, kind in [
    ({"model": "other", "prompt": "a"}, openai.NotFoundError),
    ({"model": model, "prompt": "a", "temperature": -1}, openai.BadRequestError),
    ({"model": model, "prompt": "word " * 20_000}, openai.BadRequestError),
]:
    try:
        client.completions.create(**arguments)
        sys.exit(f"openai client: {kind.__name__} expected")
    except kind as error:
        check(error.body["message"], "an error's message")

print(f"openai client {openai.__version__}: {checks} checks passed")
