#!/usr/bin/env python3
"""Compares this program with Hugging Face's transformers, in float32 on this machine: models trained here and
exported, and models made there and imported, must have the same logits, the same loss on the same tokens, and the
same likeliest text; conversations must have the same tokens; of classifiers the same accuracy on the same images and
texts.

  scripts/hf_check.py [NAME...]   all checks, or those models of hf_models.py; needs a build (PIPETRAIN_BUILD, default:
                                  build) with its test programs
  scripts/hf_check.py --golden    makes the small models in tests/golden/hf_* and their logits again

Makes itself a Python environment with torch and transformers (some GB) in ${XDG_CACHE_HOME:-~/.cache}/pipetrain, once,
unless it runs with a Python that has them. PIP_ARGUMENTS: more arguments for pip, such as --index-url."""

import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

import environment
from hf_chat import FORMATS, check_chat, check_padded
from hf_classifiers import check_classifier, save_classifier
from hf_models import golden_classifiers, golden_configs, more_classifiers, more_configs
from hf_quirks import save_quirks
from hf_saved import distance, loaded, random_model, save_logits, save_pretrained

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("PIPETRAIN_BUILD", os.path.join(ROOT, "build"))
PIPETRAIN = os.path.join(BUILD, "app", "pipetrain")
PACKAGES = ["torch", "transformers", "safetensors", "numpy", "tokenizers"]
VOCABULARY, CONTEXT, FRACTION = 97, 32, 0.1
MODELS = {
    "gpt": "{preset: gpt, depth: 3, heads: 4, width: 48, context: 32, dropout: 0.1}",
    "gpt-untied": "{preset: gpt, depth: 2, heads: 3, width: 48, mlp_width: 80, context: 40, tie_embeddings: false}",
    "llama": "{preset: llama, depth: 3, heads: 4, kv_heads: 2, width: 48, context: 32}",
    "llama-tied": "{preset: llama, depth: 2, heads: 4, width: 64, mlp_width: 96, context: 32, tie_embeddings: true}",
}
RUN = """model: %s
data: {format: tokens, path: tokens.bin, sequence_length: 32, validation_fraction: 0.1}
optimizer: {learning_rate: 3.0e-3}
train: {steps: 200, batch_size: 16, eval_every: 0, checkpoint_every: 0, output: %s}
"""


def pipetrain(*arguments, folder):
    return subprocess.run([PIPETRAIN, *arguments], cwd=folder, env=dict(os.environ, OMP_NUM_THREADS="1"), check=True, stdout=subprocess.PIPE, text=True).stdout


def write_tokens(path):
    """A sequence that can be learned; returns it."""
    draw, tokens = random.Random(1), [0]
    while len(tokens) < 20000:
        tokens.append((tokens[-1] * 3 + 1) % VOCABULARY if draw.random() < 0.9 else draw.randrange(VOCABULARY))
    with open(path, "wb") as file:
        file.write(struct.pack(f"<{len(tokens)}H", *tokens))
    return tokens


def logits_of(model, ids):
    import torch
    with torch.no_grad():
        return model(input_ids=ids).logits


def save_own_logits(model, folder, ids):
    import torch
    save_logits(folder, {"tokens": ids.to(torch.int32)}, logits_of(model, ids))


def save_model(folder, config, seed, **options):
    """A folder as transformers saves it, and its logits."""
    import torch
    from transformers import AutoModelForCausalLM
    model = random_model(AutoModelForCausalLM, config, seed)
    save_pretrained(model, folder, **options)
    generator = torch.Generator().manual_seed(seed)
    save_own_logits(model, folder, torch.randint(0, config.vocab_size, (3, 12), generator=generator))
    return model


def write_golden():
    for seed, (name, config) in enumerate(golden_configs().items()):
        folder = os.path.join(ROOT, "tests", "golden", name)
        shutil.rmtree(folder, ignore_errors=True)
        save_model(folder, config, seed)
        os.remove(os.path.join(folder, "generation_config.json"))
    for seed, (name, config) in enumerate(golden_classifiers().items()):
        folder = os.path.join(ROOT, "tests", "golden", name)
        shutil.rmtree(folder, ignore_errors=True)
        save_classifier(folder, config, seed)


def likeliest(model, prompt, count):
    import torch
    tokens = list(prompt)
    with torch.no_grad():
        for _ in range(count):
            tokens.append(int(model(input_ids=torch.tensor([tokens])).logits[0, -1].argmax()))
    return tokens


def check_exported(name, model_yaml, tokens, work):
    """Trains, exports, imports again; returns the folder with logits, and whether loss and text are the same."""
    import torch
    from transformers import AutoModelForCausalLM
    with open(os.path.join(work, name + ".yaml"), "w", encoding="utf-8") as file:
        file.write(RUN % (model_yaml, name))
    pipetrain("--config", name + ".yaml", "--no-progress", "--log-level", "error", folder=work)
    checkpoint = name + "/checkpoints/step-00000200"
    found = json.loads(pipetrain("eval", "--config", name + ".yaml", "--checkpoint", checkpoint, "--format", "json",
                                 "--log-level", "error", folder=work))
    pipetrain("export", "--checkpoint", checkpoint, "--format", "hf", "--output", name + "-hf", folder=work)
    folder = os.path.join(work, name + "-hf")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    first = int(len(tokens) * (1 - FRACTION))
    rows = (len(tokens) - first - 1) // CONTEXT
    windows = torch.tensor([tokens[first + i * CONTEXT:first + (i + 1) * CONTEXT + 1] for i in range(rows)])
    with torch.no_grad():
        logits = model(input_ids=windows[:, :-1]).logits.double()
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten()).item()
    save_own_logits(model, folder, windows[:4, :-1].contiguous())
    pipetrain("import", "--from", folder, "--output", name + "-in", folder=work)
    prompt = tokens[:4]
    text = pipetrain("generate", "--checkpoint", name + "-in", "--prompt", " ".join(map(str, prompt)), "--tokens", "24",
                     "--temperature", "0", "--log-level", "error", folder=work)
    same_text = [int(word) for word in text.split()] == likeliest(model, prompt, 24)
    good = abs(found["loss"] - loss) < 1e-6 * loss and same_text
    print(f"{name}: loss {found['loss']:.9f} here, {loss:.9f} in transformers; the likeliest 24 tokens are "
          f"{'the same' if same_text else 'others'}{'' if good else '  FAILED'}", flush=True)
    return folder, good


def check_family(name, config, work):
    """A random model imported, and exported again: the same likeliest text here, the same logits there."""
    import torch
    from transformers import AutoModelForCausalLM
    folder = os.path.join(work, name)
    model = save_model(folder, config, len(name))
    pipetrain("import", "--from", folder, "--output", name + "-in", folder=work)
    prompt, count = [3, 1, 4], min(20, config.max_position_embeddings - 3)
    text = pipetrain("generate", "--checkpoint", name + "-in", "--prompt", " ".join(map(str, prompt)), "--tokens", str(count),
                     "--temperature", "0", "--log-level", "error", folder=work)
    same_text = [int(word) for word in text.split()] == likeliest(model, prompt, count)
    pipetrain("export", "--checkpoint", name + "-in", "--format", "hf", "--output", name + "-out", folder=work)
    again = loaded(AutoModelForCausalLM, os.path.join(work, name + "-out"))
    ids = torch.randint(0, config.vocab_size, (2, 16), generator=torch.Generator().manual_seed(5))
    apart = distance(logits_of(model, ids), logits_of(again, ids))
    good = same_text and apart < 1e-6
    print(f"{name}: exported as {again.config.model_type}, logits differ by {apart:.2g} of the largest; the likeliest {count} tokens "
          f"are {'the same' if same_text else 'others'}{'' if good else '  FAILED'}", flush=True)
    return folder, good


def check_defaults(name, config, work):
    """The folder's configuration without the keys that have the defaults of their class is the same one."""
    folder = os.path.join(work, name + "-short")
    shutil.copytree(os.path.join(work, name), folder)
    path, defaults = os.path.join(folder, "config.json"), type(config)().to_dict()
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    short = {key: value for key, value in told.items() if key == "model_type" or value != defaults.get(key, value is None)}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(short, file)
    pipetrain("import", "--from", folder, "--output", name + "-short-in", folder=work)
    texts = []
    for imported in (name + "-in", name + "-short-in"):
        with open(os.path.join(work, imported, "config.yaml"), encoding="utf-8") as file:
            texts.append(file.read())
    left_out = sorted(set(told) - set(short))
    if texts[0] != texts[1]:
        print(f"{name}: another configuration without {', '.join(left_out)}  FAILED", flush=True)
    return texts[0] == texts[1]


def main():
    os.environ["TQDM_DISABLE"] = "1"
    environment.enter("transformers", PACKAGES)
    if sys.argv[1:] == ["--golden"]:
        return write_golden()
    asked = [{key: made[key] for key in made if not sys.argv[1:] or key in sys.argv[1:]}
             for made in (MODELS, {**golden_configs(), **more_configs()}, {**golden_classifiers(), **more_classifiers()})]
    with tempfile.TemporaryDirectory() as work:
        tokens, folders, failed = write_tokens(os.path.join(work, "tokens.bin")), [], 0
        for name, model_yaml in asked[0].items():
            folder, good = check_exported(name, model_yaml, tokens, work)
            folders.append(folder)
            failed += not good
        for name, config in asked[1].items():
            folder, good = check_family(name, config, work)
            folders.append(folder)
            failed += not good or not check_defaults(name, config, work)
        for name, config in asked[2].items():
            folder, good = check_classifier(name, config, work, pipetrain)
            folders.append(folder)
            failed += not good or not check_defaults(name, config, work)
        if not sys.argv[1:]:
            failed += sum(not check_chat(name, work, pipetrain, PIPETRAIN) for name in FORMATS) + (not check_padded(work, pipetrain))
        folders += save_quirks(work, save_model, save_classifier)
        test = [os.path.join(BUILD, "tests", "exchange", "test_exchange"), "An imported model*"]
        failed += subprocess.run(test, env=dict(os.environ, PIPETRAIN_HF_FOLDERS=":".join(folders)), check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
