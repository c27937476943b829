#!/usr/bin/env python3
"""generate.py PIPETRAIN MPIRUN: a model from a checkpoint continues a text, the same on any number of ranks, beyond its
context, with every tokenizer; what cannot be generated from is refused in one line."""

import json
import os
import struct
import tempfile

from inputs import CONFIG, make_inputs, write
from job import Checks, Job, expect, one_error

LLAMA = """model: {preset: llama, depth: 2, heads: 4, kv_heads: 2, width: 32}
data: {path: corpus.txt, sequence_length: 12}
pipeline: {microbatches: 2}
train: {steps: 40, batch_size: 8, eval_every: 0}
optimizer: {learning_rate: 1.0e-2}
"""
CLASSIFIER = """model: {preset: classifier, depth: 1, heads: 2, width: 8}
data: {format: csv, path: news.csv, tokenizer: word, sequence_length: 6}
train: {steps: 1, batch_size: 4, eval_every: 0}
"""
RESNET = """model: {preset: resnet, depth: 18}
data: {format: synthetic, image: [8, 8, 3], classes: 4, samples: 8}
train: {steps: 1, batch_size: 4, eval_every: 0}
"""
CONVOLUTION = """model:
  layers:
    - embedding: {width: 8}
    - conv1d: {channels: 8, kernel: 3}
    - linear: {features: vocabulary}
data: {path: corpus.txt, sequence_length: 8}
train: {steps: 1, batch_size: 4, eval_every: 0}
"""


def train(checks, folder, name, *arguments):
    """The checkpoint of a few steps."""
    output = os.path.join(folder, "run-" + name)
    job = Job(1, [*arguments, "--output", output], folder=folder)
    code = job.wait()
    checks.case("train " + name, job, [] if code == 0 else [f"exit code {code}"])
    checkpoints = os.path.join(output, "checkpoints")
    return os.path.join(checkpoints, os.listdir(checkpoints)[0])


def text_of(checks, name, ranks, checkpoint, *arguments, env=()):
    """What it prints, after the checks that hold for every text."""
    job = Job(ranks, ["generate", "--checkpoint", checkpoint, *arguments], env=env)
    code, problems = job.wait(), []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    expect(problems, job.output().endswith("\n"), "the text does not end its line")
    expect(problems, "tokens/s" in job.error_output(), "no tokens/s on standard error")
    checks.case(f"{name} ({ranks})", job, problems)
    job.out.seek(0)
    return job.out.read()


def agree(checks, what, texts):
    if any(text != texts[0] for text in texts):
        checks.failed += 1
        print(f"FAILED  {what}: {texts}")


def differ(checks, what, texts):
    if len(set(texts)) != len(texts):
        checks.failed += 1
        print(f"FAILED  {what}: {texts}")


def same_text(checks, name, checkpoint):
    """40 tokens go well beyond the context. Ranks up to one for each layer; threads do not matter either."""
    arguments = ["--prompt", "the quick ", "--tokens", "40"]
    texts = [text_of(checks, name, ranks, checkpoint, *arguments) for ranks in (1, 2, 3, 7)]
    texts.append(text_of(checks, name + ", 2 threads", 1, checkpoint, *arguments, env={"OMP_NUM_THREADS": "2"}))
    agree(checks, name + ": ranks give other texts", texts)
    if not texts[0].startswith(b"the quick ") or len(texts[0]) != len("the quick ") + 40 + 1:
        checks.failed += 1
        print(f"FAILED  {name}: not the prompt and 40 characters: {texts[0]}")


def choices(checks, checkpoint):
    def text(name, *arguments):
        return text_of(checks, name, 1, checkpoint, "--prompt", "the ", "--tokens", "60", *arguments)

    default = text("default")
    agree(checks, "the defaults are not these", [default, text("as default", "--temperature", "0.8", "--top-k", "0", "--seed", "1337")])
    differ(checks, "seeds give one text", [default, text("seed 1", "--seed", "1"), text("seed 2", "--seed", "2")])
    agree(checks, "greedy is not top-k 1", [text("greedy", "--temperature", "0"), text("top-k 1", "--top-k", "1"),
                                            text("another seed", "--top-k", "1", "--seed", "5")])
    shorter = text_of(checks, "fewer tokens", 2, checkpoint, "--prompt", "the ", "--tokens", "20")
    if not default.startswith(shorter[:-1]):
        checks.failed += 1
        print(f"FAILED  the first 20 of 60 tokens are others: {shorter}, {default}")


def tokenizers(checks, folder):
    few = ["--set", "train.steps=3"]
    byte = train(checks, folder, "byte", "--config", "model.yaml", "--set", "data.tokenizer=byte", *few)
    texts = [text_of(checks, "bytes", ranks, byte, "--prompt", "é", "--tokens", "50", "--temperature", "3") for ranks in (1, 3)]
    agree(checks, "bytes", texts)
    try:
        assert texts[0].decode().startswith("é") and "\ufffd" in texts[0].decode()
    except (AssertionError, UnicodeDecodeError) as error:
        checks.failed += 1
        print(f"FAILED  bytes are not valid text: {texts[0]} {error}")
    word = train(checks, folder, "word", "--config", "model.yaml", "--set", "data.tokenizer=word", *few)
    text = text_of(checks, "words", 2, word, "--prompt", "The quick", "--tokens", "9").decode()
    if not text.startswith("The quick ") or len(text.replace(".", " .").split()) != 11:
        checks.failed += 1
        print(f"FAILED  not two words and nine more: {text}")
    tokens = train(checks, folder, "tokens", "--config", "model.yaml", "--set", "data.format=tokens",
                   "--set", "data.path=bare.bin", "--set", "model.vocabulary=60001", *few)
    numbers = text_of(checks, "numbers", 2, tokens, "--prompt", "3 4 5", "--tokens", "6").decode().split()
    if numbers[:3] != ["3", "4", "5"] or len(numbers) != 9 or not all(0 <= int(n) < 60001 for n in numbers):
        checks.failed += 1
        print(f"FAILED  not nine numbers: {numbers}")
    return tokens


def stops(checks, checkpoint):
    """A text of 60 characters is cut where it has 'e ' or 'q' first; what is printed has no part of them."""
    of = lambda *more: text_of(checks, "stop " + " ".join(more), 2, checkpoint, "--prompt", "the ", "--tokens", "60", *more)[:-1]
    whole = of()
    cut = min(whole.find(stop, 4) % 1000 for stop in (b"e ", b"q"))
    agree(checks, "stopped elsewhere", [of("--stop", "e ", "--stop", "q"), whole[:cut]])
    agree(checks, "stopped by what is not there", [of("--stop", whole[-3:-1].decode() + "#"), whole])


def many_prompts(checks, folder, checkpoint):
    """More prompts than have room at once, short and longer than the context: each line as alone, on any ranks."""
    texts = [" ".join(["the quick brown fox jumps"] * (1 + i % 4))[: 1 + 9 * (i % 5)] for i in range(37)]
    path = os.path.join(folder, "prompts.jsonl")
    write(path, "".join(json.dumps({"id": i, "prompt": text}) + "\n" for i, text in enumerate(texts)))
    arguments = ["--prompts", path, "--tokens", "25"]
    all_lines = [text_of(checks, "prompts", ranks, checkpoint, *arguments) for ranks in (1, 2, 3)]
    agree(checks, "prompts: ranks give other texts", all_lines)
    lines = [json.loads(line) for line in all_lines[0].splitlines()]
    agree(checks, "prompts: not in order", [[line["id"] for line in lines], list(range(37))])
    for i in (0, 4, 36):
        alone = text_of(checks, f"prompt {i}", 1, checkpoint, "--prompt", texts[i], "--tokens", "25").decode()[:-1]
        agree(checks, f"prompt {i} has another text alone", [texts[i] + lines[i]["text"], alone])
    agree(checks, "prompts: not 25 tokens each", [{(line["tokens"], line["stopped"]) for line in lines}, {(25, "tokens")}])
    write(os.path.join(folder, "broken.jsonl"), '{"prompt": "the"}\n{"prompt": 3}\n')
    write(os.path.join(folder, "unknown.jsonl"), '{"prompt": "ñ"}\n')
    for name, patterns in [("broken", [r"broken\.jsonl:2: its .prompt. is no text"]), ("unknown", [r"unknown\.jsonl:1: .*'ñ'"]),
                           ("missing", [r"missing\.jsonl: No such file"])]:
        refused(checks, name, 2, ["--checkpoint", checkpoint, "--prompts", os.path.join(folder, name + ".jsonl")], 3, patterns)


def converse(checks, name, ranks, checkpoint, messages, *arguments):
    """The replies, a line each as the plain format has them."""
    with tempfile.TemporaryFile() as typed:
        typed.write("".join(message + "\n" for message in messages).encode())
        typed.seek(0)
        job = Job(ranks, ["generate", "--checkpoint", checkpoint, "--chat", *arguments], stdin=typed)
        code, problems = job.wait(), []
    expect(problems, code == 0, f"exit code {code}, expected 0: {job.error_output()}")
    checks.case(f"{name} ({ranks})", job, problems)
    return job.output()


def chats(checks, folder, gpt):
    """Of a model of bytes, which knows every message; what follows is the same on any ranks."""
    byte = train(checks, folder, "chat", "--config", "model.yaml", "--set", "data.tokenizer=byte", "--set", "train.steps=3")
    plain = ["--chat-template", "plain", "--tokens", "20", "--temperature", "0"]
    replies = [converse(checks, "chat", ranks, byte, ["hello", "and you?"], *plain) for ranks in (1, 3)]
    agree(checks, "conversations", replies)
    first = text_of(checks, "first message", 1, byte, "--prompt", "User: hello\nAssistant:", "--stop", "\n", *plain[2:]).decode()
    agree(checks, "the first reply", [replies[0].split("\n")[0], first[len("User: hello\nAssistant:"):-1]])
    agree(checks, "no messages", [converse(checks, "no messages", 2, byte, [], *plain), ""])
    of = lambda *more: ["--checkpoint", byte, "--chat", *more]
    refused(checks, "no template", 2, of(), 2, ["no chat template", "chatml, llama3, gemma, plain"])
    refused(checks, "unknown template", 1, of("--chat-template", "alpaca"), 2, ["'alpaca'", "chatml, llama3, gemma, plain"])
    refused(checks, "no such token", 2, of("--chat-template", "chatml"), 2, [r"<\|im_end\|>", "no token"])
    refused(checks, "system in gemma", 1, of("--chat-template", "gemma", "--system", "S"), 2, ["gemma has no system message"])
    refused(checks, "template without chat", 1, ["--checkpoint", gpt, "--chat-template", "plain"], 2, ["--chat, which is missing"])


def measures(checks, checkpoint):
    """--measure compares with the memory, of one rank; weights in bfloat16 give the same text on any ranks."""
    for precision in ("float32", "bfloat16"):
        job = Job(1, ["generate", "--checkpoint", checkpoint, "--measure", "--tokens", "30", "--precision", precision])
        code, problems = job.wait(), []
        expect(problems, code == 0 and "MB of weights" in job.error_output(), f"no measure: {job.error_output()}")
        checks.case("measure " + precision, job, problems)
    narrow = [text_of(checks, "bfloat16", ranks, checkpoint, "--precision", "bfloat16", "--tokens", "40") for ranks in (1, 3)]
    agree(checks, "texts of weights in bfloat16", narrow)
    refused(checks, "float16", 2, ["--checkpoint", checkpoint, "--precision", "float16"], 2, ["--precision", "float16"])
    refused(checks, "measure of two ranks", 2, ["--checkpoint", checkpoint, "--measure"], 2, ["--measure is of one rank"])


def refused(checks, name, ranks, arguments, code, patterns):
    checks.refused(f"{name} ({ranks})", Job(ranks, ["generate", *arguments]), code, patterns)


def damage(path, name):
    """Changes a byte of this tensor, if the file has it."""
    with open(path, "r+b") as file:
        content = file.read()
        header = json.loads(content[8:8 + struct.unpack("<Q", content[:8])[0]])
        if name in header:
            at = len(content) - max(entry["data_offsets"][1] for entry in header.values()) + header[name]["data_offsets"][0]
            file.seek(at)
            file.write(bytes([content[at] ^ 0x55]))


def refusals(checks, folder, gpt, tokens):
    classifier = train(checks, folder, "classifier", "--config", "classifier.yaml")
    resnet = train(checks, folder, "resnet", "--config", "resnet.yaml")
    convolution = train(checks, folder, "convolution", "--config", "convolution.yaml")
    of = lambda checkpoint, *more: ["--checkpoint", checkpoint, *more]
    for case in [
        ("no checkpoint named", 1, ["--prompt", "a"], 2, ["--checkpoint DIR is missing"]),
        ("missing folder", 2, of(os.path.join(folder, "none")), 4, ["none: there is no such folder"]),
        ("classifier", 2, of(classifier), 4, ["classifier", "one label a row", "generate needs"]),
        ("resnet", 1, of(resnet), 4, ["one label a row|no embedding", "generate needs"]),
        ("convolution", 1, of(convolution), 4, [r"layers\.1\.conv1d sees the whole row"]),
        ("empty stop", 1, of(gpt, "--stop", ""), 2, ["--stop"]),
        ("two ways", 1, of(gpt, "--prompt", "a", "--chat"), 2, ["--prompt, --prompts and --chat"]),
        ("negative tokens", 1, of(gpt, "--tokens", "-3"), 2, ["--tokens", "-3"]),
        ("no tokens", 1, of(gpt, "--tokens", "0"), 2, ["--tokens"]),
        ("negative temperature", 2, of(gpt, "--temperature", "-0.5"), 2, ["--temperature", "-0.5", "at least 0"]),
        ("no temperature", 1, of(gpt, "--temperature", "nan"), 2, ["--temperature", "nan"]),
        ("negative top-k", 1, of(gpt, "--top-k", "-1"), 2, ["--top-k", "-1"]),
        ("unknown character", 2, of(gpt, "--prompt", "the ñ"), 2, [r"'ñ' \(U\+00F1\)", "leave it out"]),
        ("text for numbers", 1, of(tokens, "--prompt", "the"), 2, ["'the'", "numbers from 0 to 60000"]),
        ("more ranks than layers", 8, of(gpt), 2, ["8 ranks", "7 layers"]),
    ]:
        refused(checks, *case)
    job = Job(2, ["generate", *of(gpt, "--seed", "1")], ["generate", *of(gpt, "--seed", "2")])
    checks.case("ranks of two seeds", job, one_error(job, 2, ["rank 1 was started otherwise", "--seed"]))
    for name in os.listdir(gpt):
        if name.endswith(".safetensors"):
            damage(os.path.join(gpt, name), "layers.0.embedding.token.weight")
    refused(checks, "damaged weights", 2, of(gpt), 4, ["does not match its checksum"])


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        write(os.path.join(folder, "gpt.yaml"), CONFIG.replace("steps: 3", "steps: 60").replace("1.0e-3", "1.0e-2"))
        write(os.path.join(folder, "llama.yaml"), LLAMA)
        write(os.path.join(folder, "classifier.yaml"), CLASSIFIER)
        write(os.path.join(folder, "resnet.yaml"), RESNET)
        write(os.path.join(folder, "convolution.yaml"), CONVOLUTION)
        write(os.path.join(folder, "news.csv"), "1,a\n2,b\n" * 10)
        gpt = train(checks, folder, "gpt", "--config", "gpt.yaml")
        same_text(checks, "gpt", gpt)
        same_text(checks, "llama", train(checks, folder, "llama", "--config", "llama.yaml"))
        choices(checks, gpt)
        stops(checks, gpt)
        many_prompts(checks, folder, gpt)
        measures(checks, gpt)
        chats(checks, folder, gpt)
        empty = text_of(checks, "no prompt", 1, gpt, "--tokens", "30")
        if len(empty) != 31:
            checks.failed += 1
            print(f"FAILED  not thirty characters: {empty}")
        tokens = tokenizers(checks, folder)
        refusals(checks, folder, gpt, tokens)
    checks.finish()


main()
