// Which rows each training step takes: pass after pass over the training samples, or rows drawn
// anew for every step. It must not know samples, files or ranks: every rank works it out for
// itself.
#pragma once

#include <cstdint>

namespace pipetrain {

// Rows first_row, ... of a pass. What a pass is keyed by: the epoch, or of drawn rows the step.
struct StepRows {
  std::int64_t pass = 0, first_row = 0, rows = 0;
  friend bool operator==(const StepRows&, const StepRows&) = default;
};

struct Epochs {
  std::int64_t samples = 0;     // that train, each once an epoch; 0: rows are drawn without end
  std::int64_t batch_rows = 1;  // of a step; the last of an epoch takes the rest
  std::int64_t least_rows = 1;  // microbatches: a rest that does not fill them is left out

  std::int64_t steps() const;  // of one epoch; 0 if there are too few samples for any
  StepRows at(std::int64_t step) const;
  std::int64_t rows_before(std::int64_t step) const;  // that the steps before it took
  std::int64_t last_step() const { return samples == 0 ? 0 : steps() - 1; }  // of the first epoch
};

}  // namespace pipetrain
