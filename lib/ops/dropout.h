// Dropout (Srivastava et al., JMLR 15, 2014): entries become 0 with the probability `rate`, and
// 1 / (1 - rate) of themselves otherwise. Which they become is drawn from counters and never
// stored: backward and recomputation draw it again. It must not know layers.
#pragma once

#include <cstdint>

#include "ops/activation_ptr.h"
#include "ops/ops.h"

namespace pipetrain {

// Which entries are dropped follows from this, an entry's place in its row, and nothing else.
struct DropoutMask {
  std::uint64_t key = 0;
  std::int64_t step = 0, first_row = 0;  // of the first row, in the step's batch
  double rate = 0;                       // in [0, 1)

  bool drops() const { return rate > 0; }
  // For entries of one line of a row; `row` counts from first_row.
  DropoutDraw draw(std::int64_t row, std::int64_t line) const;
};

// y = x with entries dropped, both of one kind; y may be x. x, y (rows, row_elements).
void apply_dropout(Ops& ops, std::int64_t rows, std::int64_t row_elements, const DropoutMask& mask,
                   ConstActivationPtr x, ActivationPtr y);
// y += x with entries dropped.
void add_dropout(Ops& ops, std::int64_t rows, std::int64_t row_elements, const DropoutMask& mask,
                 const float* x, ActivationPtr y);

}  // namespace pipetrain
