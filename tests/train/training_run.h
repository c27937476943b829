// Whole training runs, as the command has them, on ranks that are threads of one process. It must
// not know what a test looks at.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "data/temporary_folder.h"
#include "setup/pipeline_threads.h"
#include "train/trainer.h"

namespace pipetrain {

// A small language model that learns eight rows, in `folder`.
Config small_run(const TemporaryFolder& folder, int steps);

// A small classifier of images, which logs every step. `skips`: those that are not finite.
Config images_run(const TemporaryFolder& folder, int steps, bool skips);

// Images for it, of which those of the steps first_bad, ..., last_bad are none.
class Ruined : public FixedSource {
 public:
  Ruined(std::int64_t first_bad, std::int64_t last_bad);
  void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override;

 private:
  std::int64_t first_bad_, last_bad_;
};

struct Ended {
  bool done = false;
  std::string shown;  // on standard output and in the log
  ExitCode code = ExitCode::kDone;
  std::string error;  // of the rank that failed first
};
// What a run of this configuration comes to.
Ended run_training(const Config& config, const Source& source, int ranks,
                   TrainerOptions options = {});

std::vector<nlohmann::json> metrics_of(const Config& config);
Checkpoint checkpoint_of(const Config& config, std::int64_t step);
std::vector<std::int64_t> steps_saved(const Config& config);

// All tensors of a checkpoint, the optimizer's included.
Weights tensors_in(const Checkpoint& checkpoint);

}  // namespace pipetrain
