#!/usr/bin/env python3
"""Checks that tests/ mirrors lib/: lib/FOLDER/NAME.cpp has tests/FOLDER/NAME_test.cpp. check.py runs this, too."""

# Files of lib/ without a test of their name, or whole folders: where they are tested, or why nothing in them can fail.
ELSEWHERE = {
    # Families of models, each in a folder of tests/golden/.
    "exchange/hf_blocks.cpp": "tests/exchange/hf_llama_test.cpp and hf_windows_test.cpp",
    "exchange/hf_encoders.cpp": "tests/exchange/hf_vit_test.cpp and hf_bert_test.cpp",
    **{f"exchange/hf_{family}.cpp": "tests/exchange/hf_logits_test.cpp and hf_families_test.cpp"
       for family in ("gemma", "gemma2", "gpt_neox", "mistral", "opt", "phi3", "qwen2", "qwen3", "smollm3")},
    # What needs ranks of MPI runs under mpirun.
    "comm/mpi/communicator.cpp": "tests/mpi/mailbox_test.cpp and collective_test.cpp talk over it",
    "comm/mpi/mpi_collective.cpp": "tests/mpi/collective_test.cpp",
    "comm/mpi/request.cpp": "tests/mpi/mailbox_test.cpp counts what was started and completed",
    "comm/mpi/session.cpp": "tests/mpi/fault_program.cpp ends in every way; tests/cli/threads.py looks at its cores",
    "text/training/bpe_trainer.cpp": "tests/text/training/tokenizer_training_test.cpp",
    # Steps that overlap, on ranks that train.
    "pipeline/overlapped_run.cpp": "tests/train/delayed_test.cpp and tests/emulate/emulate_steps_test.cpp",
    "setup/step_runner_following.cpp": "tests/train/delayed_test.cpp and trainer_post_validation_test.cpp",
    "pipeline/provisional_run.cpp": "tests/train/trainer_post_validation_test.cpp",
    "pipeline/engine_messages.cpp": "tests/pipeline/engine_test.cpp and vocabulary_passes_test.cpp",
    "ops/convolution_rates.cpp": "tests/ops/convolution_primitives_test.cpp",
    "plan/rank_walk.cpp": "tests/plan/rank_memory_test.cpp",
    "train/trainer_rebalance.cpp": "tests/train/rebalance_test.cpp",
    # What its ids and texts follow from, part by part.
    "text/subwords/": "tests/text/subwords/golden_test.cpp compares each kind of part with the library tokenizers",
}


def is_covered(source, entry):
    return source.startswith(entry) if entry.endswith("/") else source == entry


def violations(repository):
    untested = []
    for file in sorted(repository.glob("lib/**/*.cpp")):
        source = file.relative_to(repository / "lib")
        if not (repository / "tests" / source.parent / f"{source.stem}_test.cpp").exists():
            untested.append(source.as_posix())
    for source in untested:
        if not any(is_covered(source, entry) for entry in ELSEWHERE):
            yield (f"lib/{source}", f"has no test of its name, tests/{source.removesuffix('.cpp')}_test.cpp; write it, or say "
                                    "in tests/floors/mirror.py where it is tested")
    for entry in ELSEWHERE:
        if not any(is_covered(source, entry) for source in untested):
            yield "tests/floors/mirror.py", f"nothing needs its line of {entry}; take it out"
