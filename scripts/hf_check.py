#!/usr/bin/env python3
"""Compares this program with Hugging Face's transformers, in float32 on this machine: models trained here and
exported, and models made there and imported, must have the same logits, the same loss on the same tokens, and the
same likeliest text; of classifiers the same accuracy on the same images and texts.

  scripts/hf_check.py             all checks; needs a build (PIPETRAIN_BUILD, default: build) with its test programs
  scripts/hf_check.py --golden    makes the small models in tests/golden/hf_* and their logits again

Makes itself a Python environment with torch and transformers (some GB) in the build folder, once. PIP_ARGUMENTS: more
arguments for pip, such as --index-url."""

import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

from hf_classifiers import check_classifier, save_classifier
from hf_models import golden_classifiers, golden_configs, more_classifiers, more_configs

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("PIPETRAIN_BUILD", os.path.join(ROOT, "build"))
PIPETRAIN = os.path.join(BUILD, "app", "pipetrain")
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


def in_environment():
    """Goes on in an environment that has what is needed."""
    folder = os.path.join(os.path.abspath(BUILD), "hf_check_venv")
    python = os.path.join(folder, "bin", "python3")
    if os.path.abspath(sys.prefix) == folder:
        return
    if not os.path.exists(os.path.join(folder, "complete")):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        more = os.environ.get("PIP_ARGUMENTS", "").split()
        subprocess.run([python, "-m", "pip", "install", "-q", *more, "torch", "transformers", "safetensors", "numpy"], check=True)
        open(os.path.join(folder, "complete"), "w", encoding="utf-8").close()
    os.execv(python, [python, os.path.abspath(__file__), *sys.argv[1:]])


def pipetrain(*arguments, folder):
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    return subprocess.run([PIPETRAIN, *arguments], cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def write_tokens(path):
    """A sequence that can be learned; returns it."""
    draw, tokens = random.Random(1), [0]
    while len(tokens) < 20000:
        tokens.append((tokens[-1] * 3 + 1) % VOCABULARY if draw.random() < 0.9 else draw.randrange(VOCABULARY))
    with open(path, "wb") as file:
        file.write(struct.pack(f"<{len(tokens)}H", *tokens))
    return tokens


def save_logits(model, folder, ids):
    """logits.safetensors: the tokens and the logits that transformers finds for them."""
    import torch
    from safetensors.torch import save_file
    with torch.no_grad():
        logits = model(input_ids=ids).logits.float().contiguous()
    save_file({"tokens": ids.to(torch.int32), "logits": logits}, os.path.join(folder, "logits.safetensors"))


def random_model(config, seed):
    """With numbers in all parameters, biases and norms included, that make a difference."""
    import torch
    from transformers import AutoModelForCausalLM
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, values in model.named_parameters():
            norm = "norm" in name or "ln_" in name
            values.normal_(1.0 if norm and name.endswith("weight") else 0.0, 0.2)
    return model


def save_model(folder, config, seed, dtype=None, **options):
    """A folder as transformers saves it, and its logits."""
    import copy
    import torch
    model = random_model(config, seed)
    if dtype is not None:
        with torch.no_grad():
            for values in model.parameters():
                values.copy_(values.to(dtype).float())  # the file's numbers, computed with in float32
    copy.deepcopy(model).to(dtype or torch.float32).save_pretrained(folder, **options)
    generator = torch.Generator().manual_seed(seed)
    save_logits(model, folder, torch.randint(0, config.vocab_size, (3, 12), generator=generator))
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
    save_logits(model, folder, windows[:4, :-1].contiguous())
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
    again = AutoModelForCausalLM.from_pretrained(os.path.join(work, name + "-out"), dtype=torch.float32,
                                                 attn_implementation="eager").eval()
    ids = torch.randint(0, config.vocab_size, (2, 16), generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        before, after = model(input_ids=ids).logits, again(input_ids=ids).logits
    distance = ((before - after).abs().max() / before.abs().max()).item()
    good = same_text and distance < 1e-6
    print(f"{name}: exported as {again.config.model_type}, logits differ by {distance:.2g} of the largest; the likeliest {count} tokens "
          f"are {'the same' if same_text else 'others'}{'' if good else '  FAILED'}", flush=True)
    return folder, good


def check_imported(work):
    """Folders of other forms: several files, bfloat16, float16, other constants."""
    import torch
    from transformers import GPT2Config, LlamaConfig
    ids = {"bos_token_id": None, "eos_token_id": None}
    small = {"vocab_size": 61, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4, **ids}
    cases = {
        "sharded": (LlamaConfig(**small, num_key_value_heads=1, tie_word_embeddings=True), {"max_shard_size": "20KB"}),
        "bfloat16": (LlamaConfig(**small, rms_norm_eps=1e-5, rope_theta=500000.0), {"dtype": torch.bfloat16}),
        "float16": (GPT2Config(vocab_size=61, n_positions=20, n_embd=24, n_inner=50, n_layer=3, n_head=2, activation_function="relu",
                               layer_norm_epsilon=1e-6, tie_word_embeddings=False, **ids), {"dtype": torch.float16}),
    }
    folders = []
    for seed, (name, (config, options)) in enumerate(cases.items()):
        folders.append(os.path.join(work, name))
        save_model(folders[-1], config, seed, **options)
    return folders


def main():
    in_environment()
    if sys.argv[1:] == ["--golden"]:
        return write_golden()
    with tempfile.TemporaryDirectory() as work:
        tokens, folders, failed = write_tokens(os.path.join(work, "tokens.bin")), [], 0
        for name, model_yaml in MODELS.items():
            folder, good = check_exported(name, model_yaml, tokens, work)
            folders.append(folder)
            failed += not good
        for name, config in {**golden_configs(), **more_configs()}.items():
            folder, good = check_family(name, config, work)
            folders.append(folder)
            failed += not good
        for name, config in {**golden_classifiers(), **more_classifiers()}.items():
            folder, good = check_classifier(name, config, work, pipetrain)
            folders.append(folder)
            failed += not good
        folders += check_imported(work)
        test = [os.path.join(BUILD, "tests", "exchange", "test_exchange"), "An imported model*"]
        failed += subprocess.run(test, env=dict(os.environ, PIPETRAIN_HF_FOLDERS=":".join(folders)), check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
