// The keys of the configuration: for each struct the one list of (name, field, allowed values) that
// reading, writing and the check for unknown keys share. It must not know YAML; a visitor does.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "base/table.h"
#include "config/config.h"
#include "data/formats/formats.h"
#include "nn/presets/presets.h"
#include "nn/presets/start_schemes.h"
#include "optim/learning_curves.h"
#include "optim/optimizers.h"

namespace pipetrain {

// The allowed values of a number.
struct NumberRange {
  double low = std::numeric_limits<double>::lowest();
  double high = std::numeric_limits<double>::max();
  bool low_open = false, high_open = false;
  const char* text = "";  // "of at least 1"

  bool contains(double x) const {
    return (low_open ? x > low : x >= low) && (high_open ? x < high : x <= high);
  }
};

inline constexpr NumberRange kAny = {};
inline constexpr NumberRange kAtLeastOne = {.low = 1, .text = " of at least 1"};
inline constexpr NumberRange kAtLeastZero = {.low = 0, .text = " of at least 0"};
// Products of sizes fit 64 bits.
inline constexpr NumberRange kRows = {.low = 1, .high = 1 << 24, .text = " from 1 to 16777216"};
inline constexpr NumberRange kPositive = {.low = 0, .low_open = true, .text = " above 0"};
inline constexpr NumberRange kFraction = {
    .low = 0, .high = 1, .high_open = true, .text = " from 0 to below 1"};

inline std::vector<std::string> init_words() {
  std::vector<std::string> words = start_scheme_names();
  words.insert(words.begin(), "preset");
  return words;
}

template <class Visitor>
void visit_fields(Visitor& v, ModelConfig& c) {
  v.word("preset", c.preset, names_of(presets()));
  v.optional_number("depth", c.depth);
  v.optional_number("heads", c.heads);
  v.optional_number("kv_heads", c.kv_heads);
  v.optional_number("width", c.width);
  v.optional_number("mlp_width", c.mlp_width);
  v.optional_number("context", c.context);
  v.word_or_number("vocabulary", c.vocabulary, "auto");
  v.word_or_number("classes", c.classes, "auto");
  v.choice("stem", c.stem, kResnetStems);
  v.optional_number("patch", c.patch);
  v.optional_flag("tie_embeddings", c.tie_embeddings);
  v.number("dropout", c.dropout, kFraction);
  v.word("init", c.init, init_words());
  v.number("init_std", c.init_std, kAtLeastZero);
  v.layers("layers", c.layers);
}

template <class Visitor>
void visit_fields(Visitor& v, DataConfig& c) {
  v.word("format", c.format, names_of(data_formats()));
  v.paths("path", c.path);
  v.choice("token_type", c.token_type, kTokenFileTypes);
  v.choice("tokenizer", c.tokenizer, kTokenizers);
  v.optional_number("vocabulary", c.vocabulary);
  v.optional_number("sequence_length", c.sequence_length);
  v.choice_or_paths("validation", c.validation, kValidations, Validation::kFiles,
                    c.validation_files);
  v.number("validation_fraction", c.validation_fraction, kFraction);
  v.optional_number("classes", c.classes);
  v.numbers("mean", c.mean, kAny);
  v.numbers("std", c.deviation, kPositive);
  v.number("pad", c.pad, kAtLeastZero);
  v.number("crop", c.crop, kAtLeastZero);
  v.flag("flip", c.flip);
  v.numbers("image", c.image, kAtLeastOne);
  v.number("samples", c.samples, kAtLeastOne);
}

template <class Visitor>
void visit_fields(Visitor& v, PipelineConfig& c) {
  v.word_or_csv("schedule", c.schedule);
  v.optional_number("microbatches", c.microbatches);
  v.optional_number("virtual_stages", c.virtual_stages);
  v.optional_number("live_microbatches", c.live_microbatches);
  v.choice_or_list("partition", c.partition, kPartitionRules, PartitionRule::kList, c.first_layers);
  v.choice_or_list("recompute", c.recompute, kRecomputes, Recompute::kList, c.recompute_layers);
}

template <class Visitor>
void visit_fields(Visitor& v, ParallelConfig& c) {
  v.number("data", c.data, kAtLeastOne);
  v.number("tensor", c.tensor, kAtLeastOne);
  v.choice("shard", c.shard, kShards);
}

template <class Visitor>
void visit_fields(Visitor& v, LearningRateConfig& c) {
  v.word("type", c.type, names_of(learning_curves()));
  v.number("warmup_steps", c.warmup_steps, kAtLeastZero);
  v.optional_number("decay_steps", c.decay_steps);
  v.number("min_learning_rate", c.min_learning_rate, kAtLeastZero);
}

template <class Visitor>
void visit_fields(Visitor& v, OptimizerConfig& c) {
  v.word("type", c.type, names_of(optimizer_kinds()));
  v.number("learning_rate", c.learning_rate, kPositive);
  v.pair("betas", c.betas, kFraction);
  v.number("momentum", c.momentum, kFraction);
  v.number("weight_decay", c.weight_decay, kAtLeastZero);
  v.number("clip_norm", c.clip_norm, kAtLeastZero);
  v.section("schedule", c.schedule);
}

template <class Visitor>
void visit_fields(Visitor& v, TrainConfig& c) {
  v.optional_count("steps", c.steps);
  v.optional_number("epochs", c.epochs);
  v.number("batch_size", c.batch_size, kRows);
  v.choice("precision", c.precision, kPrecisions);
  v.number("seed", c.seed, kAny);
  v.number("eval_every", c.eval_every, kAtLeastZero);
  v.word_or_number("eval_batches", c.eval_batches, "all");
  v.number("checkpoint_every", c.checkpoint_every, kAtLeastZero);
  v.number("log_every", c.log_every, kAtLeastOne);
  v.number("keep_checkpoints", c.keep_checkpoints, kAtLeastOne);
  v.flag("checkpoint_background", c.checkpoint_background);
  v.choice("on_nonfinite", c.on_nonfinite, kOnNonfinite);
  v.number("max_skipped_steps", c.max_skipped_steps, kAtLeastOne);
  v.choice("on_write_error", c.on_write_error, kOnWriteError);
  v.path_or_none("init_from", c.init_from);
  v.path("output", c.output);
}

template <class Visitor>
void visit_fields(Visitor& v, CommunicationConfig& c) {
  v.number("timeout_seconds", c.timeout_seconds, kPositive);
}

template <class Visitor>
void visit_fields(Visitor& v, Config& c) {
  v.section("model", c.model);
  v.section("data", c.data);
  v.section("pipeline", c.pipeline);
  v.section("parallel", c.parallel);
  v.section("optimizer", c.optimizer);
  v.section("train", c.train);
  v.section("communication", c.communication);
}

}  // namespace pipetrain
