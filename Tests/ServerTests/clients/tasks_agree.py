"""lm-evaluation-harness against `sonde serve`: the accuracies of `sonde evaluate tasks`, exactly.

Usage: tasks_agree.py SONDE BASE_URL MODEL_NAME DATA_FOLDER WORK_FOLDER EXAMPLES
Takes the first EXAMPLES questions of some tasks; both sides read the same files.
"""

import json
import os
import subprocess
import sys

import lm_eval

TASKS = ("piqa", "arc_easy", "arc_challenge", "openbookqa", "boolq")

YAML = """\
task: sonde_{task}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {path}
test_split: test
output_type: multiple_choice
num_fewshot: 0
doc_to_text: "{{{{context}}}}"
doc_to_choice: choices
doc_to_target: gold
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
  - metric: acc_norm
    aggregation: mean
    higher_is_better: true
"""

sonde, base, model, data, work, examples = sys.argv[1:]
os.environ["HF_DATASETS_OFFLINE"] = os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_CACHE"] = os.path.join(work, "datasets")
files = []
for task in TASKS:
    with open(os.path.join(data, task + ".jsonl"), encoding="utf-8") as source:
        lines = [line for line, _ in zip(source, range(int(examples)))]
    files.append(os.path.join(work, task + ".jsonl"))
    with open(files[-1], "w", encoding="utf-8") as target:
        target.writelines(lines)
    with open(os.path.join(work, f"sonde_{task}.yaml"), "w", encoding="utf-8") as target:
        target.write(YAML.format(task=task, path=files[-1]))

command = [sonde, "evaluate", "tasks", "--json"]
for path in files:
    command += ["--tasks", path]
ours = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["tasks"]

found = lm_eval.simple_evaluate(
    model="local-completions",
    model_args={
        "model": model,
        "base_url": base + "/v1/completions",
        "tokenizer_backend": "remote",
        "num_concurrent": 4,
        "max_retries": 1,
        "tokenized_requests": True,
    },
    tasks=["sonde_" + task for task in TASKS],
    task_manager=lm_eval.tasks.TaskManager(include_path=work, include_defaults=False),
    bootstrap_iters=0,
)["results"]

wrong = 0
for task in TASKS:
    theirs = found["sonde_" + task]
    pairs = [(theirs[name + ",none"], ours[task][name]) for name in ("acc", "acc_norm")]
    wrong += any(abs(a - b) > 1e-9 for a, b in pairs)
    print(f"{task}: " + ", ".join(f"lm-eval {a:.4f}, sonde {b:.4f}" for a, b in pairs))
if wrong:
    sys.exit(f"lm-eval: {wrong} of {len(TASKS)} tasks differ")
print(f"lm-eval {lm_eval.__version__}: {len(TASKS)} tasks of {examples} questions agree")
