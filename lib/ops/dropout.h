// Dropout (Srivastava et al., JMLR 15, 2014): entries become 0 with the probability `rate`, and
// 1 / (1 - rate) of themselves otherwise. Which they become is drawn from counters and never
// stored: backward and recomputation draw it again. It must not know layers.
#pragma once

#include <cstdint>

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

// Which entries are dropped follows from this, an entry's place in its row, and nothing else.
struct DropoutMask {
  std::uint64_t key = 0;
  std::int64_t step = 0, first_row = 0;  // of the first row, in the step's batch
  double rate = 0;                       // in [0, 1)
  std::int64_t first_entry = 0;          // of each row, where what is dropped is a part of it

  bool drops() const { return rate > 0; }
  // For entries of one line of a row; `row` counts from first_row.
  DropoutDraw draw(std::int64_t row, std::int64_t line) const;
};

// y = x with entries dropped, both of one kind; y may be x. A row of them is one of the batch.
void apply_dropout(Ops& ops, const DropoutMask& mask, ConstMatrix x, Matrix y);
// y += x, of float32, with entries dropped.
void add_dropout(Ops& ops, const DropoutMask& mask, ConstMatrix x, Matrix y);

}  // namespace pipetrain
