// Everything a run is told: a YAML file and `--set key.path=value`, checked as far as that needs
// neither data nor a model. It must not know what the parts do with it; each part's struct is in
// the header of what it configures.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/table.h"
#include "data/data_config.h"
#include "nn/model_config.h"
#include "optim/optimizer_config.h"
#include "pipeline/pipeline_config.h"
#include "schedule/memory_choices.h"
#include "tensor/precision.h"

namespace pipetrain {

struct ParallelConfig {
  int data = 1;    // replicas of the pipeline, dp
  int tensor = 1;  // tp
  Shard shard = Shard::kNone;
};

// What follows a loss or gradient that is not finite.
enum class OnNonfinite : std::uint8_t { kStop, kSkip };

inline constexpr Choice<OnNonfinite> kOnNonfinite[] = {
    {OnNonfinite::kStop, "stop", "The run ends."},
    {OnNonfinite::kSkip, "skip", "The step updates nothing, and the run goes on."},
};

// What follows a checkpoint or a report that cannot be written.
enum class OnWriteError : std::uint8_t { kStop, kContinue };

inline constexpr Choice<OnWriteError> kOnWriteError[] = {
    {OnWriteError::kStop, "stop", "The run ends."},
    {OnWriteError::kContinue, "continue", "The run goes on with a warning."},
};

struct TrainConfig {
  static constexpr int kNoSteps = -1;  // not given; 0 writes the starting weights

  int steps = kNoSteps;               // kNoSteps: as train.epochs says, without them 1000
  int epochs = 0;                     // passes over the training samples; 0: as many as steps need
  int batch_size = 16;                // rows per step over all microbatches and replicas
  DType precision = DType::kFloat32;  // of activations and products
  std::uint64_t seed = 1337;
  int eval_every = 250;        // 0: never
  int eval_batches = 0;        // 0: all
  int checkpoint_every = 500;  // 0: only at the end
  int log_every = 10;
  int keep_checkpoints = 3;
  bool checkpoint_background = true;
  OnNonfinite on_nonfinite = OnNonfinite::kStop;
  int max_skipped_steps = 10;  // in a row; so many end the run
  OnWriteError on_write_error = OnWriteError::kStop;
  std::string init_from;       // a checkpoint to take weights from; empty: none
  std::string output;          // default: runs/<name of the configuration file>
  std::optional<bool> report;  // a page at the end; not given: from 21 steps on
  bool tensorboard = false;    // event files beside metrics.jsonl

  bool reports() const { return report.value_or(steps > 20); }
};

struct CommunicationConfig {
  double timeout_seconds = 600;
  DType precision = DType::kFloat32;  // of what passes between stages in float32
};

struct Config {
  ModelConfig model;
  DataConfig data;
  PipelineConfig pipeline;
  ParallelConfig parallel;
  OptimizerConfig optimizer;
  TrainConfig train;
  CommunicationConfig communication;
};

// Reads `path`, then `overrides` ("key.path=value", the value in YAML) in their order. Paths in the
// file are relative to its folder, those in overrides to the working directory; the result has them
// absolute. Error(kConfiguration), one line that begins with file:line or the option, for whatever
// is wrong.
Config load_config(const std::string& path, const std::vector<std::string>& overrides = {});

// Sets train.steps where train.epochs decides it, once it is known how many steps an epoch has (0:
// the data have no epochs, which is an Error(kConfiguration)). The fewer steps count if both are
// given.
void settle_steps(Config& config, std::int64_t epoch_steps);

// What ran, every key spelt out: load_config of this text gives the same Config.
std::string resolved_yaml(const Config& config);

}  // namespace pipetrain
