// Breadth-first (Lamy-Poirier 2022, section 3): each stage takes all microbatches before the next
// lap.
#include <vector>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {

// generate("looped-bfs", 2, 2, 2):
//   0F0 0F1 2F0 2F1         2B1 2B0 0B1 0B0
//       1F0 1F1 3F0 3F1 3B1 3B0 1B1 1B0
RankActions looped_breadth_first(const ScheduleSizes& sizes) {
  const auto& [ranks, virtual_stages, microbatches] = sizes;
  RankActions all;
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<Action>& actions = all.emplace_back();
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
  return all;
}

}  // namespace pipetrain::generators
