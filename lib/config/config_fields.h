// The keys of the configuration: for each struct the one list of (name, meaning, field, allowed
// values) that reading, writing, the check for unknown keys and help share. It must not know YAML;
// a visitor does.
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

// How people know a key.
struct ConfigKey {
  const char* name;
  const char* meaning;         // in sentences
  const char* otherwise = "";  // what counts where it is not given, if the field does not tell
};

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
inline constexpr NumberRange kDelays = {.low = 0, .high = 1, .text = " from 0 to 1"};
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
  v.word({"preset", "A whole model by its name; else `layers`.", "none"}, c.preset,
         names_of(presets()));
  v.optional_number({"depth", "Transformer blocks; of `resnet` 18, 34 or 50.", "the preset's"},
                    c.depth);
  v.optional_number({"heads", "Attention heads; they divide the width.", "the preset's"}, c.heads);
  v.optional_number({"kv_heads",
                     "Heads of keys and values, each shared by `heads / kv_heads` query heads; "
                     "they divide the heads.",
                     "`model.heads`"},
                    c.kv_heads);
  v.optional_number({"width", "Width C of the model; of `resnet` the channels of its first blocks.",
                     "the preset's"},
                    c.width);
  v.optional_number(
      {"mlp_width",
       "Hidden width of the MLPs. `gpt`: 4 C; `llama`: 8/3 C, rounded up to a multiple of 32.",
       "the preset's"},
      c.mlp_width);
  v.optional_number({"context",
                     "Learned positions: the longest sequence. Of `llama` only the default of "
                     "`data.sequence_length`.",
                     "the preset's"},
                    c.context);
  v.word_or_number({"vocabulary", "Tokens; `auto`: the preset's, else the data's."}, c.vocabulary,
                   "auto");
  v.word_or_number({"classes", "Labels; `auto`: the data's."}, c.classes, "auto");
  v.choice({"stem", "The first convolution of `resnet`."}, c.stem, kResnetStems);
  v.optional_number({"patch", "Of `vit`: pixels along the side of a patch.", "none"}, c.patch);
  v.optional_flag(
      {"tie_embeddings", "The head uses the embedding's table.", "`false` of `llama`, else `true`"},
      c.tie_embeddings);
  v.number({"dropout", "Rate of what is dropped in training; not of `resnet`."}, c.dropout,
           kFraction);
  v.word({"init", "What the weights start from; `preset`: the preset's own."}, c.init,
         init_words());
  v.number({"init_std",
            "Standard deviation in place of 0.02 under `gpt2` and `llama`, of 1 under `vit`; 0: as "
            "it is there."},
           c.init_std, kAtLeastZero);
  v.layers({"layers", "A list of layers instead of a preset.", "none"}, c.layers);
}

template <class Visitor>
void visit_fields(Visitor& v, DataConfig& c) {
  v.word({"format", "What the data are; each format is described by itself."}, c.format,
         names_of(data_formats()));
  v.paths(
      {"path",
       "The data; a path may be a glob, of `documents`, `jsonl`, `idx` and `cifar` also a folder.",
       "none"},
      c.path);
  v.mixture(
      {"mixture",
       "Several sources in place of `data.path`: a path each, of which rows come in the share of "
       "its weight.",
       "none"},
      c.mixture);
  v.choice({"token_type", "The numbers in bare token files, little-endian."}, c.token_type,
           kTokenFileTypes);
  v.choice_or_path({"tokenizer",
                    "What a token is. A path names a tokenizer.json or a folder with one; "
                    "`documents` and `jsonl` take that or `byte`."},
                   c.tokenizer, kTokenizers, c.tokenizer_path);
  v.name({"field", "Where in a JSON line the text is."}, c.field);
  v.choice({"on_bad_document", "What follows a document that cannot be read."}, c.on_bad_document,
           kOnBadDocument);
  v.path_or_usual(
      {"cache", "The folder for what text has become as tokens; it is found again there.",
       "`$XDG_CACHE_HOME/pipetrain`, else `~/.cache/pipetrain`"},
      c.cache);
  v.optional_number({"vocabulary",
                     "The most tokens; the rarest become the unknown token. A number in "
                     "`model.vocabulary` limits it, too.",
                     "all there are"},
                    c.vocabulary);
  v.optional_number(
      {"sequence_length", "Tokens of a row; needed with `model.layers` unless the rows are images.",
       "`model.context`"},
      c.sequence_length);
  v.choice({"documents", "What documents in one row of tokens see of each other."}, c.documents,
           kDocumentChoices);
  v.choice({"windows", "Where rows of tokens lie that train."}, c.windows, kWindows);
  v.choice_or_paths({"validation", "What validates and is never trained on."}, c.validation,
                    kValidations, Validation::kFiles, c.validation_files);
  v.number({"validation_fraction", "How large the part is, of `last` and `random`."},
           c.validation_fraction, kFraction);
  v.optional_number({"classes",
                     "Labels; one beyond is an error that names its place. Of synthetic data: "
                     "makes labelled rows.",
                     "from the data"},
                    c.classes);
  v.numbers({"mean", "Taken off each pixel in [0, 1]: one for all channels, or one for each.",
             "the training images'"},
            c.mean, kAny);
  v.numbers({"std", "What is then divided by.", "the training images'"}, c.deviation, kPositive);
  v.number({"pad", "Black pixels added at each side; 2 makes 32 of 28."}, c.pad, kAtLeastZero);
  v.number({"crop",
            "Training images are moved by up to so many pixels both ways; what comes in is black."},
           c.crop, kAtLeastZero);
  v.flag({"flip", "Every second training image is mirrored."}, c.flip);
  v.numbers({"image", "Height, width and channels: makes images.", "none"}, c.image, kAtLeastOne);
  v.number({"samples", "Of synthetic with classes: how many rows train."}, c.samples, kAtLeastOne);
}

template <class Visitor>
void visit_fields(Visitor& v, PipelineConfig& c) {
  v.word_or_csv({"schedule", "Which rank runs what after what."}, c.schedule);
  v.optional_number({"microbatches", "M of each replica.", "min(4 x stages, rows of a replica)"},
                    c.microbatches);
  v.optional_number({"virtual_stages", "Stages per rank.", "the schedule's"}, c.virtual_stages);
  v.optional_number(
      {"slices",
       "Parts of equal work that each microbatch's sequences are cut into, which pass "
       "the pipeline one after the other.",
       "1, or the table's"},
      c.slices);
  v.optional_number({"live_microbatches",
                     "The most microbatches that a rank keeps at once under `auto`.", "as `1f1b`"},
                    c.live_microbatches);
  v.choice_or_list({"placement", "Which rank holds which stage."}, c.placement.rule,
                   kPlacementRules, PlacementRule::kList, c.placement.stages);
  v.choice({"vocabulary", "Who holds the rows of the embedding and the head."}, c.vocabulary,
           kVocabularyPlaces);
  v.number({"delay", "1: gradients are taken at the weights of the step before; steps overlap."},
           c.delay, kDelays);
  v.choice({"delay_correction", "What makes up for gradients of `delay` 1."}, c.delay_correction,
           kDelayCorrections);
  v.flag({"post_validation",
          "Ranks update and go on with the next step before the gradient's norm is known, and take "
          "that back where it clips."},
         c.post_validation);
  v.choice_or_list({"partition", "How the layers are cut into stages."}, c.partition,
                   kPartitionRules, PartitionRule::kList, c.first_layers);
  v.choice_or_list({"recompute", "What the backward pass makes again instead of keeping it."},
                   c.recompute, kRecomputes, Recompute::kList, c.recompute_layers);
}

template <class Visitor>
void visit_fields(Visitor& v, ParallelConfig& c) {
  v.number({"data", "Replicas of the pipeline."}, c.data, kAtLeastOne);
  v.number({"tensor", "Ranks that share the layers of a stage."}, c.tensor, kAtLeastOne);
  v.choice({"shard", "What each replica keeps only a share of."}, c.shard, kShards);
}

template <class Visitor>
void visit_fields(Visitor& v, LearningRateConfig& c) {
  v.word({"type", "The learning rate behind the warm-up."}, c.type, names_of(learning_curves()));
  v.number({"warmup_steps", "Steps in which it rises linearly from 0."}, c.warmup_steps,
           kAtLeastZero);
  v.optional_number({"decay_steps", "The step at which `min_learning_rate` is reached.",
                     "`train.steps`; of a resumed run the checkpoint's"},
                    c.decay_steps);
  v.number({"min_learning_rate", "The last learning rate of the curves that fall."},
           c.min_learning_rate, kAtLeastZero);
}

template <class Visitor>
void visit_fields(Visitor& v, OptimizerConfig& c) {
  v.word({"type", "How weights are updated."}, c.type, names_of(optimizer_kinds()));
  v.number({"learning_rate", "The highest, after the warm-up."}, c.learning_rate, kPositive);
  v.pair({"betas", "Of `adamw`."}, c.betas, kFraction);
  v.number({"momentum", "Of `sgd`."}, c.momentum, kFraction);
  v.number({"weight_decay", "On parameters of two or more dimensions."}, c.weight_decay,
           kAtLeastZero);
  v.number({"clip_norm", "Largest norm of the whole gradient; 0: no clipping."}, c.clip_norm,
           kAtLeastZero);
  v.section("schedule", c.schedule);
}

template <class Visitor>
void visit_fields(Visitor& v, TrainConfig& c) {
  v.optional_count({"steps", "The most steps; 0 writes a checkpoint of the starting weights.",
                    "as `train.epochs` says, without it 1000"},
                   c.steps);
  v.optional_number(
      {"epochs", "The most passes over the training samples; whichever of both ends first.",
       "none"},
      c.epochs);
  v.number({"batch_size", "Rows per step over all microbatches and replicas."}, c.batch_size,
           kRows);
  v.choice({"precision", "Of activations and products."}, c.precision, kPrecisions);
  v.number({"seed", "Of the weights, of dropout and of the order of the data."}, c.seed, kAny);
  v.number({"eval_every",
            "Steps between evaluations; there is one before the first step and one after the last. "
            "0: never."},
           c.eval_every, kAtLeastZero);
  v.word_or_number({"eval_batches", "Batches of an evaluation, or `all` of what validates."},
                   c.eval_batches, "all");
  v.number({"checkpoint_every", "Steps between checkpoints; 0: only at the end."},
           c.checkpoint_every, kAtLeastZero);
  v.number({"log_every", "Steps between lines of the log and of `metrics.jsonl`."}, c.log_every,
           kAtLeastOne);
  v.number({"keep_checkpoints",
            "The newest so many are kept, and the one of the lowest validation loss."},
           c.keep_checkpoints, kAtLeastOne);
  v.flag({"checkpoint_background",
          "Training goes on while a checkpoint is written, from a copy; `false`: it waits, and "
          "needs no memory for the copy."},
         c.checkpoint_background);
  v.choice({"on_nonfinite",
            "What follows a loss or gradient that is not finite. A run that ends does so with exit "
            "code 5, after a checkpoint of the last good step."},
           c.on_nonfinite, kOnNonfinite);
  v.number({"max_skipped_steps", "So many skipped steps in a row end the run with exit code 5."},
           c.max_skipped_steps, kAtLeastOne);
  v.choice({"on_write_error",
            "What follows a checkpoint or a line of metrics that cannot be written. A run that "
            "ends does so with exit code 4, of metrics 2."},
           c.on_write_error, kOnWriteError);
  v.path_or_none({"init_from", "A checkpoint's folder to take weights from."}, c.init_from);
  v.path({"output", "The run directory.", "`runs/<name of the file>`"}, c.output);
  v.optional_flag(
      {"report",
       "Writes report.html, a page to look at, into the run directory when the run ends, "
       "also after a failure.",
       "`true` from 21 steps on"},
      c.report);
  v.flag({"tensorboard", "Metrics also go into the run directory as TensorBoard reads them."},
         c.tensorboard);
}

template <class Visitor>
void visit_fields(Visitor& v, CommunicationConfig& c) {
  v.number({"timeout_seconds", "How long a rank waits for a message."}, c.timeout_seconds,
           kPositive);
  v.choice({"precision",
            "Of activations and their gradients between stages, on one rank or on two. A model in "
            "bfloat16 sends bfloat16 anyway."},
           c.precision, kMessagePrecisions);
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
