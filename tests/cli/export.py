#!/usr/bin/env python3
"""export.py PIPETRAIN MPIRUN: weights go out of a checkpoint and in again without a bit changed, training goes on
from them, and whatever is wrong with a folder or has no equal elsewhere is one line that names it."""

import json
import math
import os
import struct
import tempfile

from exchange import STEP, Folder, equal, export, import_from, loss_of, refused, run, same_files
from inputs import CONFIG, make_inputs, write
from job import Checks
from tensor_file import read_safetensors, write_safetensors

LLAMA = CONFIG.replace("preset: gpt", "preset: llama\n  kv_heads: 1").replace("output: run", "output: llama")


def round_trips(checks, work, model, output):
    """Trained, exported, imported, exported; by both formats."""
    run(checks, work, f"train {model}", ["--config", model], ranks=2)
    checkpoint = output + STEP
    files = ["config.json", "model.safetensors", "tokenizer_pipetrain.json"]
    export(checks, work, checkpoint, "hf", output + "-hf")
    import_from(checks, work, output + "-hf", output + "-in")
    export(checks, work, output + "-in", "hf", output + "-again/")
    equal(checks, "files", sorted(os.listdir(os.path.join(work, output + "-again"))), files)
    same_files(checks, work, output + "-hf", output + "-again", files)
    loss = loss_of(checks, work, model, checkpoint)
    equal(checks, "loss", loss_of(checks, work, model, output + "-in"), loss)
    own = output + "-in/config.yaml"
    batch = ["--set", "data.path=corpus.txt", "--set", "train.batch_size=8", "--microbatches", "4"]
    equal(checks, "loss by its own configuration", loss_of(checks, work, own, output + "-in", *batch), loss)

    export(checks, work, checkpoint, "safetensors", output + "-plain")
    import_from(checks, work, output + "-plain", output + "-plain-in")
    export(checks, work, output + "-plain-in", "safetensors", output + "-plain-again")
    same_files(checks, work, output + "-plain", output + "-plain-again", ["model.safetensors", "config.yaml", "tokenizer.json"])
    equal(checks, "loss of plain weights", loss_of(checks, work, model, output + "-plain-in"), loss)


def training_goes_on(checks, work):
    """From imported weights as from the checkpoint itself."""
    last = {}
    for start in ("gpt" + STEP, "gpt-in"):
        output = "on-" + start[:6].replace("/", "-")
        run(checks, work, f"train from {start}",
            ["--config", "model.yaml", "--set", "train.init_from=" + start, "--set", "train.log_every=1", "--output", output])
        with open(os.path.join(work, output, "metrics.jsonl"), encoding="utf-8") as file:
            last[start] = [line["loss"] for line in map(json.loads, file) if line["step"] > 0]
    equal(checks, "losses from imported weights", last["gpt-in"], last["gpt" + STEP])


def other_forms(checks, work):
    """Folders that hold the same model in another way give the same checkpoint."""
    Folder(work, "llama-hf", "sharded").split()
    base = Folder(work, "gpt-hf", "base")  # as a model without its head is saved, with masks and the tied table
    mask = ("F32", [1, 1, 8, 8], struct.pack("<64f", *range(64)))
    base.tensors(lambda t: [t.__setitem__(n.removeprefix("transformer."), t.pop(n)) for n in list(t)]
                 and t.update({"h.0.attn.bias": mask, "lm_head.weight": t["wte.weight"]}))
    # What is not used is no reason: masks of any type, tensors of other models, numbers that are none.
    Folder(work, "llama-hf", "listed").split(lambda files: {**files, "x": "model-00001-of-00002.safetensors"})
    unused = Folder(work, "gpt-hf", "unused")
    unused.tensors(lambda t: t.update({"transformer.h.0.attn.bias": ("U8", [1, 1, 2, 2], b"1011"), "score.weight": ("F8_E4M3", [1], b"1"),
                                       "transformer.h.1.attn.masked_bias": ("BOOL", [], b"1"),
                                       "lm_head.weight": t["transformer.wte.weight"]}))
    unused.config(x=math.nan, y=[math.inf, -math.inf])
    job = run(checks, work, "import unused", ["import", "--from", "unused", "--output", "unused-said"])
    if not any(line.endswith("unused: left out 1 tensor that the model has not: score.weight") for line in job.said()):
        checks.failed += 1
        print(f"FAILED  an unused tensor is not said: {job.said()}")
    for folder, original in (("sharded", "llama"), ("listed", "llama"), ("base", "gpt"), ("unused", "gpt")):
        import_from(checks, work, folder, folder + "-in")
        export(checks, work, folder + "-in", "hf", folder + "-again")
        same_files(checks, work, folder + "-again", original + "-hf", ["config.json", "model.safetensors"])

    def halve(tensors):  # exact in bfloat16
        for name, (_, shape, content) in tensors.items():
            values = [struct.pack("<f", value)[2:] for value in struct.unpack(f"<{len(content) // 4}f", content)]
            tensors[name] = ("BF16", shape, b"".join(values))

    Folder(work, "llama-hf", "halves").tensors(halve)
    import_from(checks, work, "halves", "halves-in")
    export(checks, work, "halves-in", "hf", "halves-again")
    short = read_safetensors(os.path.join(work, "halves", "model.safetensors"))
    for name, (dtype, shape, content) in read_safetensors(os.path.join(work, "halves-again", "model.safetensors")).items():
        expected = b"".join(b"\0\0" + short[name][2][i:i + 2] for i in range(0, len(short[name][2]), 2))
        if (dtype, shape, content) != ("F32", short[name][1], expected):
            checks.failed += 1
            print(f"FAILED  {name} is not what bfloat16 held")


def tokens_with_a_header(checks, work):
    """Those of llm.c are taken for the tokens of an imported model."""
    sizes = {"vocab_size": 50257, "n_embd": 2, "n_head": 1, "n_layer": 1, "n_positions": 8}
    shapes = {"wte.weight": [50257, 2], "wpe.weight": [8, 2], "ln_f.weight": [2], "ln_f.bias": [2]}
    for name, (rows, columns) in {"attn.c_attn": (2, 6), "attn.c_proj": (2, 2), "mlp.c_fc": (2, 8), "mlp.c_proj": (8, 2)}.items():
        shapes.update({f"h.0.{name}.weight": [rows, columns], f"h.0.{name}.bias": [columns]})
    shapes.update({f"h.0.{norm}.{part}": [2] for norm in ("ln_1", "ln_2") for part in ("weight", "bias")})
    os.mkdir(os.path.join(work, "large"))
    write(os.path.join(work, "large", "config.json"), json.dumps({"model_type": "gpt2", **sizes}))
    write_safetensors(os.path.join(work, "large", "model.safetensors"),
                      {name: ("F32", shape, bytes(4 * math.prod(shape))) for name, shape in shapes.items()})
    write(os.path.join(work, "llmc.bin"), struct.pack("<256i", 20240520, 1, 1000, *[0] * 253) + struct.pack("<1000H", *range(1000)))
    import_from(checks, work, "large", "large-in")
    loss = loss_of(checks, work, "large-in/config.yaml", "large-in", "--set", "data.path=llmc.bin")
    if loss is None or abs(loss - math.log(50257)) > 1e-5:  # of weights that are all zero
        checks.failed += 1
        print(f"FAILED  loss {loss}, expected {math.log(50257)}")


def wrong_folders(work):
    """(name, folder, patterns that the error line has in it)"""
    def changed(name, source="gpt-hf"):
        return Folder(work, source, name)

    changed("t5").config(model_type="t5")
    yield "another family", "t5", ["config.json: model_type is .t5.; expected gpt2 or opt or gpt_neox or llama", "vit or bert"]
    changed("score").config(architectures=["GPT2ForSequenceClassification"])
    yield "another class", "score", ["architectures is .*GPT2ForSequenceClassification.*; expected GPT2LMHeadModel"]
    changed("silu").config(activation_function="silu")
    yield "another activation", "silu", ["activation_function", "gelu_new"]
    changed("scaled", "llama-hf").config(rope_scaling={"rope_type": "yarn", "factor": 8.0})
    yield "scaled positions", "scaled", ["rope_scaling: rope_type is .yarn.; expected default, linear, llama3 or dynamic"]
    gone = changed("gone")
    os.remove(gone.weights)
    write(gone.weights + ".index.json", json.dumps({"weight_map": {"transformer.wte.weight": "model-00001-of-00002.safetensors"}}))
    yield "an index that names a missing file", "gone", ["gone/model-00001-of-00002.safetensors"]
    changed("deep").config(n_layer=2000000000)
    yield "more blocks than tensors", "deep", ["28 tensors, too few for the 2000000000 blocks"]
    changed("wide").config(n_embd=2000000000, n_inner=8)
    yield "another width", "wide", [r"wte.weight has shape \(28, 16\), expected \(28, 2000000000\)"]
    changed("missing").tensors(lambda t: t.pop("transformer.h.1.ln_2.bias"))
    yield "a tensor missing", "missing", [r"has no tensor transformer\.h\.1\.ln_2\.bias, expected one of shape \(16\)"]
    changed("turned").tensors(lambda t: t.update(
        {"transformer.h.0.mlp.c_fc.weight": ("F32", [64, 16], t["transformer.h.0.mlp.c_fc.weight"][2])}))
    yield "a transposed tensor", "turned", [r"mlp\.c_fc\.weight has shape \(64, 16\), expected \(16, 64\)"]
    changed("integers").tensors(lambda t: t.update({"transformer.ln_f.bias": ("I32", [16], t["transformer.ln_f.bias"][2])}))
    yield "integers", "integers", [r"ln_f\.bias is I32, expected F32, BF16 or F16"]
    changed("other-head").tensors(lambda t: t.update({"lm_head.weight": ("F32", [28, 16], b"1234" * 28 * 16)}))
    yield "a head that is not the table", "other-head", [
        r"lm_head\.weight \(28, 16\) differs from transformer\.wte\.weight \(28, 16\), but the config\.json ties them"]
    write(changed("pointer").weights, "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 548105171\n")
    yield "a file that was not fetched", "pointer", ["model.safetensors: is a Git LFS pointer", "of 548105171 bytes", "git lfs pull"]
    changed("nan").config(layer_norm_epsilon=math.nan)
    yield "an epsilon that is no number", "nan", ["layer_norm_epsilon is .NaN.; expected a number above 0"]
    os.rename(changed("pickled").weights, os.path.join(work, "pickled", "pytorch_model.bin"))
    yield "weights that are a program", "pickled", ["only pytorch_model.bin", "safe_serialization"]
    cut = changed("cut")
    with open(cut.weights, "r+b") as file:
        file.truncate(os.path.getsize(cut.weights) - 10)
    yield "a file cut short", "cut", ["model.safetensors", "do not lie in the file"]
    changed("outside").split(lambda files: {**files, "transformer.wte.weight": "../gpt-hf/model.safetensors"})
    yield "an index that leaves the folder", "outside", ["index.json: names a file outside its folder"]
    changed("lost").split(lambda files: {**files, "transformer.wte.weight": "model-00009-of-00002.safetensors"})
    yield "a file that is not there", "lost", ["model-00009-of-00002.safetensors: No such file"]
    write(os.path.join(changed("no-json").path, "config.json"), "{")
    yield "no JSON", "no-json", ["config.json: is damaged"]
    os.remove(changed("no-weights").weights)
    yield "no weights", "no-weights", ["no model.safetensors"]
    yield "no folder", "nowhere", ["nowhere: there is no such folder"]
    yield "a checkpoint", "gpt" + STEP, ["is a checkpoint already"]


def refusals(checks, work):
    for name, folder, patterns in wrong_folders(work):
        refused(checks, work, name, ["import", "--from", folder], 4, patterns)
    gpt = ["export", "--checkpoint", "gpt" + STEP, "--format"]
    refused(checks, work, "output with files", [*gpt, "hf"], 2, ["llama-hf is there already"], output="llama-hf")
    refused(checks, work, "output a file", [*gpt, "safetensors"], 2, ["corpus.txt is there already"], output="corpus.txt")
    refused(checks, work, "import over a checkpoint", ["import", "--from", "gpt-hf"], 2, ["gpt-in is there already"], output="gpt-in")
    refused(checks, work, "unknown format", [*gpt, "onnx"], 2, ["--format", "onnx"])
    refused(checks, work, "no checkpoint", ["export", "--format", "hf"], 2, ["--checkpoint DIR is missing"])
    refused(checks, work, "not a checkpoint", ["export", "--checkpoint", "gpt"], 4, ["has no manifest.json"])
    refused(checks, work, "nothing to import", ["import"], 2, ["--from DIR is missing"])
    damaged = Folder(work, "gpt" + STEP, "damaged").path
    shard = sorted(name for name in os.listdir(damaged) if name.startswith("shard"))[-1]
    name, (_, _, content) = [(n, t) for n, t in read_safetensors(os.path.join(damaged, shard)).items() if n.startswith("layers.")][-1]
    with open(os.path.join(damaged, shard), "r+b") as file:
        whole = file.read()
        file.seek(whole.index(content))
        file.write(bytes([content[0] ^ 1]))
    for form in ("hf", "safetensors"):
        refused(checks, work, f"a damaged checkpoint, {form}", ["export", "--checkpoint", "damaged", "--format", form], 4,
                [f"tensor {name} does not match its checksum".replace(".", r"\.")])


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as work:
        make_inputs(work)
        write(os.path.join(work, "model.yaml"), CONFIG.replace("output: run", "output: gpt"))
        write(os.path.join(work, "llama.yaml"), LLAMA)
        round_trips(checks, work, "model.yaml", "gpt")
        round_trips(checks, work, "llama.yaml", "llama")
        training_goes_on(checks, work)
        other_forms(checks, work)
        tokens_with_a_header(checks, work)
        refusals(checks, work)
    checks.finish()


main()
