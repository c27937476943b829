#!/usr/bin/env python3
"""bad_input.py PIPETRAIN MPIRUN: wrong input ends in one line on standard error that says what is wrong, with the right
exit code, soon, with nothing left running and nothing logged before."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor

from bad_files import CONFIGS, TABLES
from inputs import make_inputs, write
from job import PATIENCE, Checks, Job, expect, one_error

MOST_SECONDS = 30 * PATIENCE  # 2 on a machine that has nothing else to do
JOBS_AT_ONCE = 4  # most of a refusal is mpirun's waiting


def sets(*settings):
    return [word for setting in settings for word in ("--set", setting)]


def run(config, *words):
    return ["--config", config, *words]


def given(*settings):
    return run("model.yaml", *sets(*settings))


# (name, ranks, arguments, exit code, patterns that the error line has in it)
CASES = [
    # the command line
    ("no command", 1, [], 2, ["--config", "--help"]),
    ("no command, 2 ranks", 2, [], 2, ["--config", "--help"]),
    ("unknown command", 1, ["trian"], 2, ["'trian'", "train", "bench"]),
    ("unknown option", 1, ["--confg", "model.yaml"], 2, ["--confg", "'--config'"]),
    ("unknown option, 4 ranks", 4, run("model.yaml", "--step", "3"), 2, ["--step", "--help"]),
    ("stray word", 1, run("model.yaml", "more"), 2, ["'more'", "--help"]),
    ("no configuration", 1, ["train"], 2, ["--config"]),
    ("option without value", 1, ["--config"], 2, ["--config"]),
    ("unknown format", 1, ["bench", *run("model.yaml", "--format", "xml")], 2, ["--format", "xml", "text", "json"]),
    ("unknown log level", 2, run("model.yaml", "--log-level", "loud"), 2, ["loud", "trace, debug, info"]),
    ("--set without value", 1, run("model.yaml", "--set", "train.steps"), 2, ["train.steps", "key.path=value"]),
    ("--set unknown key", 2, given("train.stepps=3"), 2, ["--set train.stepps", "'train.steps'"]),
    ("--set unknown section", 1, given("trian.steps=3"), 2, ["--set trian", "'train'"]),
    ("--set not YAML", 1, given("train.steps=[3"), 2, ["--set train.steps", "YAML"]),
    # the configuration
    ("missing configuration", 2, run("nowhere.yaml"), 2, ["nowhere.yaml", "No such file"]),
    ("configuration is a folder", 1, run("."), 2, ["directory"]),
    ("not YAML", 2, run("notyaml.yaml"), 2, [r"notyaml\.yaml:\d+", "YAML"]),
    ("not YAML: tab", 1, run("tab.yaml"), 2, [r"tab\.yaml:3", "YAML"]),
    ("not keys and values", 1, run("scalar.yaml"), 2, [r"scalar\.yaml:1", "keys and values"]),
    ("empty configuration", 1, run("empty.yaml"), 2, [r"empty\.yaml", "model"]),
    ("key twice", 1, run("twice.yaml"), 2, [r"twice\.yaml:4", "'depth'", "twice"]),
    ("unknown key", 4, run("unknown_key.yaml"), 2,
     [r"unknown_key\.yaml:12", "pipeline.microbatchs", "nearest", "pipeline.microbatches"]),
    ("unknown section", 1, run("unknown_section.yaml"), 2, [r"unknown_section\.yaml:13", "'optimizer'"]),
    ("wrong type", 2, run("type.yaml"), 2, [r"type\.yaml:16", "train.steps", "'many'", "whole number"]),
    ("zero size", 2, given("model.width=0"), 2, ["model.width", "'0'", "at least 1"]),
    ("negative size", 1, given("train.batch_size=-8"), 2, ["train.batch_size", "'-8'", "from 1 to "]),
    ("fraction for a size", 1, given("model.depth=1.5"), 2, ["model.depth", "'1.5'", "whole number"]),
    ("size beyond int", 1, given("model.depth=99999999999"), 2, ["model.depth", "32 bits"]),
    ("zero sequence length", 1, given("data.sequence_length=0"), 2, ["data.sequence_length", "at least 1"]),
    ("sequence beyond context", 1, given("data.sequence_length=9"), 2, ["data.sequence_length", "9", "context 8"]),
    ("zero time limit", 1, given("communication.timeout_seconds=0"), 2, ["timeout_seconds", "above 0"]),
    ("no data path", 1, run("no_data.yaml"), 2, ["data.path", "missing"]),
    ("heads and width", 2, run("heads.yaml"), 2, [r"heads\.yaml:4", "3 heads", "width 16"]),
    ("batch below M", 2, given("train.batch_size=3"), 2, ["pipeline.microbatches", "4", "3 rows"]),
    ("zero microbatches", 1, run("model.yaml", "--microbatches", "0"), 2, ["pipeline.microbatches", "at least 1"]),
    ("stages and layers", 4, given("model.depth=1", "pipeline.virtual_stages=2", "pipeline.schedule=interleaved"), 2,
     ["stages", "layers"]),
    ("more stages than layers", 4, run("three_layers.yaml"), 2, ["4 stages", "3 layers"]),
    ("unknown schedule", 2, run("model.yaml", "--schedule", "1f2b"), 2, ["1f2b", "gpipe", "1f1b"]),
    ("no such table", 2, run("model.yaml", "--schedule", "nowhere.csv"), 2, ["nowhere.csv", "No such file"]),
    ("empty table", 1, run("model.yaml", "--schedule", "empty.csv"), 2, ["empty.csv", "empty"]),
    ("no table", 2, run("model.yaml", "--schedule", "words.csv"), 2, ["words.csv", "row 1, column 1", "'a schedule'"]),
    ("table for other ranks", 4, run("model.yaml", "--schedule", "good.csv"), 2, ["good.csv", "2 ranks", "there are 4"]),
    ("table for other microbatches", 2, run("model.yaml", "--schedule", "good.csv", "--microbatches", "5"), 2,
     ["good.csv", "4 microbatches", "5 are asked for"]),
    ("table for other stages", 2, run("model.yaml", "--schedule", "good.csv", "--virtual-stages", "2"), 2,
     ["good.csv", "1 stages per rank", "2 are asked for"]),
    ("row missing", 2, run("model.yaml", "--schedule", "row_missing.csv"), 2, ["row_missing.csv", "1 ranks", "one row each", "there are 2"]),
    ("limit without a search", 2, given("pipeline.live_microbatches=2"), 2, ["live_microbatches", "auto", "1f1b"]),
    ("M that the schedule does not take", 2, run("model.yaml", "--schedule", "interleaved", "--microbatches", "7"), 2,
     ["interleaved", "M=7", "take M=6 or M=8"]),
    ("virtual stages that the schedule does not have", 2,
     run("model.yaml", "--schedule", "zbv", "--virtual-stages", "3"), 2, ["zbv", "exactly 2"]),
    ("grid does not fit", 4, given("parallel.data=3", "train.batch_size=12"), 2,
     ["ranks is 4", "data 3", "tensor 1", "pipeline"]),
    ("grid does not fit", 2, given("parallel.data=2", "parallel.tensor=2"), 2,
     ["ranks is 2", "data 2", "tensor 2", "pipeline"]),
    ("grid of a pipeline without ranks", 2, given("parallel.data=4", "train.batch_size=16"), 2,
     ["ranks is 2", "data 4", "tensor 1", "pipeline"]),
    ("rows do not divide over replicas", 2, given("parallel.data=2", "train.batch_size=7"), 2,
     ["train.batch_size", "7 rows", "parallel.data 2"]),
    ("fewer rows of a replica than microbatches", 2, given("parallel.data=2", "pipeline.microbatches=5"), 2,
     ["pipeline.microbatches", "5", "4 rows of a replica"]),
    ("unknown sharding", 2, given("parallel.shard=weights"), 2, ["parallel.shard", "'weights'", "none, optimizer, parameters"]),
    ("emulation of replicas", 2, ["emulate", *given("parallel.data=2")], 2, ["parallel.data", "emulate", "set it to 1"]),
    ("recompute: unknown word", 1, given("pipeline.recompute=some"), 2,
     ["pipeline.recompute", "'some'", "none, cheap, selective, attention, full"]),
    ("recompute: unknown layer", 2, given("pipeline.recompute=[1, layers.3.atention]"), 2,
     ["pipeline.recompute", "'layers.3.atention'", "'layers.3.attention'"]),
    ("recompute: layer beyond the last", 4, given("pipeline.recompute=[0, 7]"), 2,
     ["pipeline.recompute", "'7'", "'layers.6.linear'", "0 to 6"]),
    ("recompute: no attention", 2, run("three_layers.yaml", *sets("pipeline.recompute=attention")), 2,
     ["pipeline.recompute", "no attention layer"]),
    ("unknown preset", 1, given("model.preset=gpt5"), 2, ["'gpt5'", "gpt, "]),
    # layers by hand
    ("unknown layer", 2, run("no_layer.yaml"), 2, [r"no_layer\.yaml:\d+", "layer_nrom", "'layer_norm'"]),
    ("layer lacks an option", 1, run("no_option.yaml"), 2, [r"no_option\.yaml:3", "embedding", "'width'"]),
    ("unknown layer option", 1, run("wrong_option.yaml"), 2, [r"wrong_option\.yaml:3", "'widht'", "'width'"]),
    ("layer option of wrong type", 1, run("layer_type.yaml"), 2, [r"layer_type\.yaml:3", "'wide'", "whole number"]),
    ("layer heads and width", 1, run("layer_heads.yaml"), 2, [r"layer_heads\.yaml:4", "heads 5", "width 16"]),
    ("layer kv_heads and heads", 2, run("layer_kv_heads.yaml"), 2,
     [r"layer_kv_heads\.yaml:4", "kv_heads 3", "heads 4"]),
    ("rotary needs pairs", 1, run("layer_rotary.yaml"), 2, [r"layer_rotary\.yaml:4", "a head has 1 entries", "even"]),
    ("unknown activation", 1, run("layer_activation.yaml"), 2,
     [r"layer_activation\.yaml:4", "'swish'", "gelu, relu, swiglu"]),
    ("unknown option of a block", 1, run("layer_block_option.yaml"), 2,
     [r"layer_block_option\.yaml:4", "'kvheads'", "'kv_heads'"]),
    ("kv_heads and heads", 2, given("model.kv_heads=3"), 2, ["model.kv_heads", "3 kv_heads", "heads 2"]),
    ("no embedding", 1, run("no_embedding.yaml"), 2, [r"no_embedding\.yaml:3", "first layer"]),
    ("two layers in one entry", 1, run("two_keys.yaml"), 2, [r"two_keys\.yaml", "layer"]),
    # the data
    ("missing data", 2, given("data.path=nowhere.txt"), 3, ["nowhere.txt", "No such file"]),
    ("no match", 1, given("data.path=*.nothing"), 3, [r"\*\.nothing", "no file"]),
    ("data is a folder", 1, given("data.path=."), 3, ["directory"]),
    ("empty text", 1, given("data.path=empty.txt"), 3, ["empty.txt"]),
    ("short text", 4, given("data.path=short.txt"), 3, ["short.txt", "tokens", "expected at least 9"]),
    ("token beyond the vocabulary", 2,
     given("data.format=tokens", "data.path=bare.bin", "model.vocabulary=50"), 3,
     ["bare.bin", "token 700", "byte 1400", "60000", "vocabulary of 50"]),
    ("text beyond the vocabulary", 2, given("model.vocabulary=5"), 3, ["corpus.txt", "vocabulary of 5"]),
    ("odd token file", 1, given("data.format=tokens", "data.path=odd.bin"), 3, ["odd.bin", "2001 bytes"]),
    ("wrong magic", 2, given("data.format=tokens", "data.path=magic.bin"), 3,
     ["magic.bin", "20240521", "expected 20240520"]),
    ("wrong version", 1, given("data.format=tokens", "data.path=version.bin"), 3, ["version.bin", "version 9"]),
    ("short token file", 2, given("data.format=tokens", "data.path=cut.bin"), 3, ["cut.bin", "1000 tokens", "500"]),
    ("short header", 1, given("data.format=tokens", "data.path=header.bin"), 3, ["header.bin", "header"]),
    # the run directory and checkpoints
    ("output below a file", 2, given("train.output=corpus.txt/run"), 2, ["corpus.txt/run", "train.output"]),
    ("output is a file", 1, run("model.yaml", "--output", "corpus.txt"), 2, ["corpus.txt", "train.output"]),
    ("output not writable", 2, given("train.output=/proc/nothing"), 2, ["/proc/nothing", "train.output"]),
    ("too little memory", 2, [*given(), "--memory-limit", "20MB"], 2, [r"memory: rank \d will take .* MiB", "19.1 MiB, --memory-limit"]),
    ("too little memory to bench", 2, ["bench", *given(), "--memory-limit", "20MB"], 2, [r"memory: rank \d will take .* MiB"]),
    ("memory without a unit", 1, [*given(), "--memory-limit", "20xB"], 2, ["--memory-limit: '20xB'", "16GiB"]),
    ("no checkpoint", 4, given("train.init_from=nowhere"), 4, ["nowhere", "checkpoint"]),
    ("checkpoint of another model", 2, given("train.init_from=good", "model.width=32"), 4, ["good", r"32\]|32\)|, 32"]),
    ("cut manifest", 2, given("train.init_from=cut_manifest"), 4, ["manifest.json"]),
    ("changed weights", 2, given("train.init_from=changed_weights"), 4, ["safetensors", "checksum"]),
    ("cut weights", 1, given("train.init_from=cut_weights"), 4, ["safetensors"]),
    ("no weights", 1, given("train.init_from=no_weights"), 4, ["safetensors", "No such file"]),
]


def soon_refused(job, code, patterns):
    problems = one_error(job, code, patterns)
    expect(problems, job.seconds < MOST_SECONDS, f"took {job.seconds:.1f} s")
    return problems


def quietly_refused(folder, number, ranks, arguments, code, patterns):
    """The job and what is wrong with it. Jobs run side by side, so each has a run directory of its own."""
    if arguments[:2] == ["--config", "model.yaml"]:
        arguments = [*sets(f"train.output=run_{number}"), *arguments]
    job = Job(ranks, arguments, folder=folder)
    problems = soon_refused(job, code, patterns)
    expect(problems, not job.said(), f"said more than the error: {job.said()}")
    expect(problems, not job.output(), "wrote to standard output")
    return job, problems


def all_refused(checks, folder):
    with ThreadPoolExecutor(JOBS_AT_ONCE) as pool:
        refusals = [pool.submit(quietly_refused, folder, number, *case[1:]) for number, case in enumerate(CASES)]
        for case, refusal in zip(CASES, refusals):
            job, problems = refusal.result()
            checks.case(f"{case[0]} ({case[1]})", job, problems)


def works(checks, folder, name, ranks, arguments):
    job = Job(ranks, arguments, folder=folder)
    code = job.wait()
    problems = []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    expect(problems, not job.errors(), "an error line")
    checks.case(f"{name} ({ranks})", job, problems)


def copies_of(checkpoint, folder):
    """The checkpoint as it is, and damaged in several ways."""
    files = {name: open(os.path.join(checkpoint, name), "rb").read() for name in os.listdir(checkpoint)}
    weights = next(name for name in files if name.endswith(".safetensors"))
    first = 8 + int.from_bytes(files[weights][:8], "little")  # a byte of the first tensor
    changed = bytearray(files[weights])
    changed[first] ^= 1
    changes = {
        "good": {},
        "cut_manifest": {"manifest.json": files["manifest.json"][:-20]},
        "changed_weights": {weights: bytes(changed)},
        "cut_weights": {weights: files[weights][:-100]},
        "no_weights": {weights: None},
    }
    for copy, changed in changes.items():
        os.mkdir(os.path.join(folder, copy))
        for name, content in {**files, **changed}.items():
            if content is not None:
                write(os.path.join(folder, copy, name), content)


def tables_refused(checks, folder):
    """One line, and below it the grid with the first wrong action marked."""
    for table, patterns, mark in [
            ("twice.csv", ["rank 1, action 7", "1F2 comes twice"], ">1F2<"),
            ("weights_first.csv", ["rank 1, action 8", "1W3 comes before 1I3"], ">1W3<"),
            ("incomplete.csv", ["rank 1", "1I3", "missing"], "> missing <"),
            ("cycle.csv", ["deadlock", "1F3 waits for 0F3 of rank 0"], ">0B0<")]:
        job = Job(2, run("model.yaml", "--schedule", table), folder=folder)
        problems = soon_refused(job, 2, [table, *patterns])
        grid = job.said()
        expect(problems, len(grid) == 2 and mark in "".join(grid), f"no grid with {mark}: {grid}")
        checks.case(table, job, problems)


def not_finite(checks, folder, ranks):
    """A step that diverges: logged before, and where it first appeared is named."""
    job = Job(ranks, given("optimizer.type=sgd", "optimizer.learning_rate=1e30", "optimizer.clip_norm=0", "train.steps=50"),
              folder=folder)
    problems = soon_refused(job, 5, ["not finite at step [23]", r"layers\.\d", r"rank \d"])
    checks.case(f"loss not finite ({ranks})", job, problems)


def disk_full(checks, folder, ranks):
    os.makedirs(os.path.join(folder, "full"), exist_ok=True)
    metrics = os.path.join(folder, "full", "metrics.jsonl")
    if not os.path.islink(metrics):
        os.symlink("/dev/full", metrics)
    job = Job(ranks, given("train.output=full", "train.steps=50"), folder=folder)
    problems = soon_refused(job, 2, ["metrics.jsonl", "No space left"])
    checks.case(f"metrics on a full disk ({ranks})", job, problems)


def no_checkpoint_folder(checks, folder, ranks):
    os.makedirs(os.path.join(folder, "taken"), exist_ok=True)
    write(os.path.join(folder, "taken", "checkpoints"), "a file")
    job = Job(ranks, given("train.output=taken"), folder=folder)
    problems = soon_refused(job, 4, ["taken/checkpoints"])
    checks.case(f"checkpoints cannot be written ({ranks})", job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        for name, text in CONFIGS.items():
            write(os.path.join(folder, name), text)
        for name, rows in TABLES.items():
            write(os.path.join(folder, name), "".join(row + "\n" for row in rows))
        for ranks in (1, 2):
            works(checks, folder, "valid", ranks, run("model.yaml"))
            works(checks, folder, "layers by hand", ranks, run("layers.yaml", "--output", "by_hand"))
        copies_of(os.path.join(folder, "run/checkpoints/step-00000003"), folder)
        works(checks, folder, "start from a checkpoint", 2, given("train.init_from=good"))
        all_refused(checks, folder)
        tables_refused(checks, folder)
        for ranks in (1, 2, 4):
            not_finite(checks, folder, ranks)
        for ranks in (1, 2):
            disk_full(checks, folder, ranks)
            no_checkpoint_folder(checks, folder, ranks)
    checks.finish()


main()
