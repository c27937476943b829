// GPipe (Huang et al. 2019, section 2.3): all forwards, then all backwards.
#include <vector>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {

// A cell is a unit of time, a B takes one too. generate("gpipe", 2, 1, 3):
//   F0 F1 F2       B0 B1 B2
//      F0 F1 F2 B0 B1 B2
RankActions gpipe(const ScheduleSizes& sizes) {
  RankActions all;
  for (int rank = 0; rank < sizes.ranks; ++rank) {
    std::vector<Action>& actions = all.emplace_back();
    for (int m = 0; m < sizes.microbatches; ++m) actions.push_back({Op::kForward, rank, m});
    for (int m = 0; m < sizes.microbatches; ++m) actions.push_back({Op::kBackward, rank, m});
  }
  return all;
}

}  // namespace pipetrain::generators
