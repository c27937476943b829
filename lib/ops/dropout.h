// The masks of dropout (Srivastava et al., JMLR 15, 2014), made from counters: an entry is kept or
// not by its key, step and global row alone. It must not know layers.
#pragma once

#include "ops/ops.h"

namespace pipetrain {

struct DropoutPlace {
  std::uint64_t key = 0;
  std::int64_t step = 0, first_row = 0;  // of the first of `rows`, in the step's batch
};

// mask (rows, row_elements): 0 with the probability `rate`, else 1.
void dropout_mask(std::int64_t rows, std::int64_t row_elements, const DropoutPlace& place,
                  double rate, std::uint8_t* mask);

}  // namespace pipetrain
