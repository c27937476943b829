#include "data/epochs.h"

#include <algorithm>

namespace pipetrain {

std::int64_t Epochs::steps() const {
  return samples / batch_rows + (samples % batch_rows >= least_rows ? 1 : 0);
}

StepRows Epochs::at(std::int64_t step) const {
  if (samples == 0) return {step, 0, batch_rows};
  const std::int64_t first_row = step % steps() * batch_rows;
  return {step / steps(), first_row, std::min(batch_rows, samples - first_row)};
}

std::int64_t Epochs::rows_before(std::int64_t step) const {
  if (samples == 0) return step * batch_rows;
  const std::int64_t of_epoch = std::min(samples, steps() * batch_rows);
  return step / steps() * of_epoch + at(step).first_row;
}

}  // namespace pipetrain
