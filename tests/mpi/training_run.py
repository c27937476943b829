"""Runs pipetrain under mpirun on a small text, and reads back what the run directory holds."""

import glob
import itertools
import json
import os
import struct
import subprocess

PATIENCE = float(os.environ.get("PIPETRAIN_TEST_PATIENCE", 1))  # more under sanitizers, which slow all down
CONFIG = """
model: {preset: gpt, depth: 2, heads: 2, width: 16, context: 16, tie_embeddings: true}
data: {format: text, path: text.txt, tokenizer: char, validation_fraction: 0.1}
optimizer: {type: adamw, learning_rate: 1.0e-2, weight_decay: 0.1, clip_norm: 1.0}
train: {steps: 4, batch_size: 12, eval_every: 2, eval_batches: 2, checkpoint_every: 0, log_every: 1}
"""
FIGURES = ["loss", "grad_norm", "val_loss"]
WORDS = "a stage waits while its input is late, and works when a microbatch comes. ".split(" ")


def write_inputs(folder):
    """The configuration, whose path is returned, and its text: 1,000 words in a fixed sequence."""
    state, text = 1, ""
    for _ in range(1000):
        state = (1103515245 * state + 12345) % 2**31
        text += WORDS[state // 65536 % len(WORDS)] + " "
    with open(os.path.join(folder, "text.txt"), "w") as file:
        file.write(text)
    path = os.path.join(folder, "model.yaml")
    with open(path, "w") as file:
        file.write(CONFIG)
    return path


def run(mpirun, program, ranks, config, output, settings, flags=()):
    """The finished process; `settings` are --set's."""
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    command = [mpirun, "-np", str(ranks), program, "--config", config, "--set", "train.output=" + output, "--no-progress", *flags]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    return subprocess.run(command, env=environment, timeout=60 * PATIENCE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)


class Trained:
    """A run that ended well: what it `said`, its lines of metrics, all `figures` in them, and the saved `weights`."""

    def __init__(self, mpirun, program, ranks, config, output, settings, flags=()):
        self.output = output
        done = run(mpirun, program, ranks, config, output, settings, flags)
        assert done.returncode == 0, f"{output}: exit code {done.returncode}\n{done.stdout}"
        self.said = done.stdout
        self.lines = metrics(output)
        self.figures = [line[key] for line in self.lines for key in FIGURES if key in line]
        self.weights = weights(output)
        self.peaks = self.lines[-1]["peak_bytes"]

    def same_bits(self, other):
        return self.figures == other.figures and self.weights == other.weights

    def difference(self, other):
        """The largest of a figure, relative."""
        assert len(self.figures) == len(other.figures), (self.lines, other.lines)
        return max(abs(a - b) / abs(b) for a, b in zip(self.figures, other.figures))


def metrics(output):
    with open(os.path.join(output, "metrics.jsonl")) as file:
        return [json.loads(line) for line in file]


def weights(output):
    """The last checkpoint's tensors as {name: bytes}, from all ranks' files."""
    folder = max(glob.glob(os.path.join(output, "checkpoints", "step-*")))
    tensors = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.safetensors"))):
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header, data = json.loads(file.read(length)), file.read()
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            assert name not in tensors, f"{name} is saved twice"
            begin, end = entry["data_offsets"]
            tensors[name] = data[begin:end]
    assert tensors, f"no tensors in {folder}"
    return tensors


def whole_weights(output):
    """The last checkpoint's weights as {name: bytes}, put together from whatever boxes they lie in."""
    stored = weights(output)
    folder = max(glob.glob(os.path.join(output, "checkpoints", "step-*")))
    with open(os.path.join(folder, "manifest.json")) as file:
        entries = json.load(file)["tensors"]
    whole = {}
    for entry in entries:
        if not entry["name"].startswith("layers."):
            continue
        shape, offset, extent = entry["shape"], entry["offset"], entry["extent"]
        size = 4
        for n in shape:
            size *= n
        to = whole.setdefault(entry["name"], bytearray(size))
        name = entry["name"] if extent == shape else entry["name"] + "@" + ",".join(map(str, offset))
        data, run = stored[name], 4 * extent[-1]
        for row, index in enumerate(itertools.product(*(range(n) for n in extent[:-1]))):
            at = 0
            for n, begin, i in zip(shape, offset, (*index, 0)):
                at = at * n + begin + i
            to[4 * at:4 * at + run] = data[row * run:(row + 1) * run]
    return {name: bytes(data) for name, data in whole.items()}
