// Stages dealt out in a loop, microbatches in rounds that pass all laps before the next round
// starts. It must not know which schedule takes them so.
#pragma once

#include <optional>
#include <string>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {

// The order in which one rank takes its forwards: a round of microbatches on its first stage, the
// same on its next, ... Backwards come in the same order with the laps reversed. Of microbatches in
// slices these follow each other, backwards from the last one down.
struct Rounds {
  int ranks, virtual_stages, per_round;
  int slices = 1;

  Action forward(int rank, int k) const {
    return at(Op::kForward, rank, k / slices, lap(k), k % slices);
  }
  Action backward(Op op, int rank, int k) const {
    return at(op, rank, k / slices, virtual_stages - 1 - lap(k), slices - 1 - k % slices);
  }

 private:
  int lap(int k) const { return k / slices / per_round % virtual_stages; }
  Action at(Op op, int rank, int k, int lap, int slice) const {
    const int round = k / (per_round * virtual_stages);
    return {op, lap * ranks + rank, round * per_round + k % per_round, slice};
  }
};

// Rounds of about p microbatches, all of one size: PyTorch's rule, of which Megatron's (M a
// multiple of p) is a case.
Rounds rounds_of(const ScheduleSizes& sizes);

// What the microbatches miss that rounds of one size need; nothing if they make such.
std::optional<std::string> unequal_rounds(const ScheduleSizes& sizes);

// 1F1B's order over these rounds: warm-up, then one forward and one backward in turn. `more_warmup`
// forwards come before the first backward besides.
RankActions one_forward_one_backward_in(const Rounds& rounds, int microbatches,
                                        int more_warmup = 0);

// 1F1B's order over these rounds, with each W put off by as many microbatches as the rank is deep,
// so that it fills the drain (Qi et al. 2024, section 2.1; PyTorch's
// ScheduleInterleavedZeroBubble).
RankActions zero_bubble(const Rounds& rounds, int microbatches);

}  // namespace pipetrain::generators
