// Stages dealt out in a loop, microbatches in rounds that pass all laps before the next round
// starts.
#include <algorithm>
#include <vector>

#include "schedule/generate/generators.h"

namespace pipetrain::generators {
namespace {

// The order in which one rank takes its forwards: a round of microbatches on its first stage, the
// same on its next, ... Backwards come in the same order with the laps reversed.
struct Rounds {
  int ranks, virtual_stages, per_round;

  Action forward(int rank, int k) const { return at(Op::kForward, rank, k, lap(k)); }
  Action backward(Op op, int rank, int k) const {
    return at(op, rank, k, virtual_stages - 1 - lap(k));
  }

 private:
  int lap(int k) const { return k / per_round % virtual_stages; }
  Action at(Op op, int rank, int k, int lap) const {
    const int round = k / (per_round * virtual_stages);
    return {op, lap * ranks + rank, round * per_round + k % per_round};
  }
};

// Rounds of about p microbatches, all of one size: PyTorch's rule, of which Megatron's (M a
// multiple of p) is a case.
Rounds rounds_of(int ranks, int virtual_stages, int microbatches) {
  return {ranks, virtual_stages, microbatches / std::max(1, microbatches / ranks)};
}

Schedule zero_bubble(const Rounds& rounds, int microbatches) {
  Schedule schedule{Placement::kLoop, microbatches, rounds.virtual_stages, {}};
  const int total = microbatches * rounds.virtual_stages;
  for (int rank = 0; rank < rounds.ranks; ++rank) {
    std::vector<Action>& actions = schedule.ranks.emplace_back();
    const int hops = rounds.ranks - 1 - rank;
    const int warmup = std::min((rounds.virtual_stages - 1) * rounds.per_round + hops, total);
    int weights = 0;
    for (int k = 0; k < total + warmup; ++k) {
      if (k < total) actions.push_back(rounds.forward(rank, k));
      if (k < warmup) continue;
      actions.push_back(rounds.backward(Op::kBackwardInput, rank, k - warmup));
      if (k - warmup >= rank) {
        actions.push_back(rounds.backward(Op::kBackwardWeight, rank, weights++));
      }
    }
    while (weights < total) {
      actions.push_back(rounds.backward(Op::kBackwardWeight, rank, weights++));
    }
  }
  return schedule;
}

}  // namespace

bool has_equal_rounds(int ranks, int microbatches) {
  return microbatches % std::max(1, microbatches / ranks) == 0;
}

// Interleaved 1F1B (Narayanan et al. 2021, section 2.2.2). generate("interleaved", 2, 2, 2):
//   0F0 0F1 2F0 2F1     2B0     2B1 0B0 0B1
//       1F0 1F1 3F0 3B0 3F1 3B1 1B0 1B1
Schedule interleaved(int ranks, int virtual_stages, int microbatches) {
  const Rounds rounds = rounds_of(ranks, virtual_stages, microbatches);
  Schedule schedule{Placement::kLoop, microbatches, virtual_stages, {}};
  const int total = microbatches * virtual_stages;
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<Action>& actions = schedule.ranks.emplace_back();
    const int warmup =
        std::min((virtual_stages - 1) * rounds.per_round + 2 * (ranks - 1 - rank), total);
    for (int k = 0; k < total + warmup; ++k) {
      if (k < total) actions.push_back(rounds.forward(rank, k));
      if (k >= warmup) actions.push_back(rounds.backward(Op::kBackward, rank, k - warmup));
    }
  }
  return schedule;
}

// Breadth-first (Lamy-Poirier 2022, section 3): each stage takes all microbatches before the next
// lap. generate("looped-bfs", 2, 2, 2):
//   0F0 0F1 2F0 2F1         2B1 2B0 0B1 0B0
//       1F0 1F1 3F0 3F1 3B1 3B0 1B1 1B0
Schedule looped_breadth_first(int ranks, int virtual_stages, int microbatches) {
  Schedule schedule{Placement::kLoop, microbatches, virtual_stages, {}};
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<Action>& actions = schedule.ranks.emplace_back();
    for (int lap = 0; lap < virtual_stages; ++lap) {
      for (int m = 0; m < microbatches; ++m) {
        actions.push_back({Op::kForward, lap * ranks + rank, m});
      }
    }
    for (int lap = virtual_stages - 1; lap >= 0; --lap) {
      for (int m = microbatches - 1; m >= 0; --m) {
        actions.push_back({Op::kBackward, lap * ranks + rank, m});
      }
    }
  }
  return schedule;
}

// ZB-H1 (Qi et al. 2024, section 2.1): 1F1B's memory, with each W put off by as many microbatches
// as the rank is deep, so that it fills the drain. PyTorch's ScheduleInterleavedZeroBubble on one
// stage per rank, which knows no rounds and so takes any M. generate("zb-h1", 2, 1, 3):
//   F0 F1    I0 W0 F2 I1 W1 I2 W2
//      F0 I0 F1 I1 W0 F2 I2 W1 W2
Schedule zb_h1(int ranks, int virtual_stages, int microbatches) {
  return zero_bubble({ranks, virtual_stages, microbatches}, microbatches);
}

// The same on interleaved stages (PyTorch's ScheduleInterleavedZeroBubble).
// generate("interleaved-zb", 2, 2, 2):
//   0F0 0F1 2F0 2F1     2I0 2W0 2I1 2W1 0I0 0W0 0I1 0W1
//       1F0 1F1 3F0 3I0 3F1 3I1 3W0 1I0 3W1 1I1 1W0 1W1
Schedule interleaved_zero_bubble(int ranks, int virtual_stages, int microbatches) {
  return zero_bubble(rounds_of(ranks, virtual_stages, microbatches), microbatches);
}

}  // namespace pipetrain::generators
