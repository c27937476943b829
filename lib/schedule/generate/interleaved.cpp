// Interleaved 1F1B (Narayanan et al. 2021, section 2.2.2): several stages per rank, which take
// rounds of microbatches in turn.
#include <algorithm>
#include <vector>

#include "schedule/generate/rounds.h"

namespace pipetrain::generators {

// generate("interleaved", 2, 2, 2):
//   0F0 0F1 2F0 2F1     2B0     2B1 0B0 0B1
//       1F0 1F1 3F0 3B0 3F1 3B1 1B0 1B1
RankActions interleaved(const ScheduleSizes& sizes) {
  const Rounds rounds = rounds_of(sizes);
  const auto& [ranks, virtual_stages, microbatches] = sizes;
  RankActions all;
  const int total = microbatches * virtual_stages;
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<Action>& actions = all.emplace_back();
    const int warmup =
        std::min((virtual_stages - 1) * rounds.per_round + 2 * (ranks - 1 - rank), total);
    for (int k = 0; k < total + warmup; ++k) {
      if (k < total) actions.push_back(rounds.forward(rank, k));
      if (k >= warmup) actions.push_back(rounds.backward(Op::kBackward, rank, k - warmup));
    }
  }
  return all;
}

}  // namespace pipetrain::generators
