// Passes once over the validation split, forward only: the same for training's own evaluations and
// for those of a checkpoint. It must not know schedules, files or where the weights came from.
#pragma once

#include <cstdint>
#include <string>

#include "data/coordinator.h"
#include "setup/pipeline_rank.h"

namespace pipetrain {

struct Evaluation {
  double loss = 0, accuracy = 0;  // means over the targets that count
  std::int64_t targets = 0;       // so many
  std::string lost = {};          // why rows could not be read; then it has no other meaning
};

class Evaluator {
 public:
  // Collective. `source` and `coordinator` on rank 0, null elsewhere; all arguments outlive it.
  Evaluator(const TrainConfig& config, PipelineRank& pipeline, Collective& world,
            const Source* source, Coordinator* coordinator);

  // evaluation_rows(), the same on every rank.
  std::int64_t rows() const { return rows_; }
  std::int64_t batches() const { return (rows_ + batch_rows_ - 1) / batch_rows_; }

  // Collective; there are rows. Row by row, in batches of the training size; the last may be
  // smaller. Equal on every rank.
  Evaluation run();

 private:
  StepContext feed(std::int64_t batch);

  PipelineRank& pipeline_;
  Collective& world_;
  Coordinator* coordinator_;
  std::int64_t batch_rows_, rows_ = 0;
  std::string lost_;  // why rows of this evaluation could not be read
};

}  // namespace pipetrain
