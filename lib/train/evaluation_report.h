// What an evaluation of a checkpoint found, for programs and for people. It must not know how it
// was computed or where it is printed.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "train/evaluator.h"

namespace pipetrain {

// Runs `evaluator`, collectively; complete on every rank. Keys: loss, of language models perplexity
// (null if it is no float64), of classifiers accuracy; rows, targets, seconds, tokens_per_second or
// samples_per_second, peak_bytes (of tensors, one per rank). Error(kNotFinite), the same on every
// rank, if the loss is not.
nlohmann::ordered_json run_evaluation(Evaluator& evaluator, const PipelineRank& pipeline,
                                      const MemoryPool& pool, Collective& world);

// Adds bits per byte, where the tokens of the `rows` that were evaluated are text.
void add_bits_per_byte(nlohmann::ordered_json& report, Source& source, std::int64_t rows);

std::string evaluation_text(const nlohmann::ordered_json& report);

}  // namespace pipetrain
