// Chimera (Li and Hoefler 2021, arXiv 2107.06925, section 3.1): two pipelines in opposite
// directions over the same ranks, each on its own copy of the stages, of which one fills the
// other's bubbles.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {
namespace {

// Where F and B take a slot each, a microbatch enters a direction at every second slot, p/2 of them
// in turn; the last stage sends it back at once. The next p/2 begin when the first of these are
// back. With p even the two directions never want a rank in the same slot, and so many microbatches
// as there are ranks follow each other without a gap (section 3.5, direct concatenation).
std::vector<Action> chimera_rank(int ranks, int rank, int microbatches) {
  const int half = microbatches / 2, unit = ranks / 2;
  std::vector<std::pair<int, Action>> slots;
  for (const bool up : {false, true}) {
    const int stage = up ? ranks - 1 - rank : rank;
    for (int i = 0; i < half; ++i) {
      const int enters = i / unit * 2 * ranks + i % unit * 2, m = up ? half + i : i;
      slots.push_back({enters + stage, {Op::kForward, stage, m}});
      slots.push_back({enters + 2 * ranks - 1 - stage, {Op::kBackward, stage, m}});
    }
  }
  std::ranges::sort(slots, {}, &std::pair<int, Action>::first);
  std::vector<Action> actions;
  actions.reserve(slots.size());
  for (const auto& [slot, action] : slots) actions.push_back(action);
  return actions;
}

}  // namespace

// clang-format off
// generate("chimera", 4, 1, 4) (copies of stages 0 and 3, of 1 and 2, of 2 and 1, of 3 and 0):
//   0F0 0F1     3F2 3B2 3F3 3B3 0B0     0B1
//       1F0 2F2 1F1 2F3 2B2 1B0 2B3 1B1
//       1F2 2F0 1F3 2F1 2B0 1B2 2B1 1B3
//   0F2 0F3     3F0 3B0 3F1 3B1 0B2     0B3
// clang-format on
RankActions chimera(const ScheduleSizes& sizes) {
  RankActions all;
  for (int rank = 0; rank < sizes.ranks; ++rank) {
    all.push_back(chimera_rank(sizes.ranks, rank, sizes.microbatches));
  }
  return all;
}

std::optional<std::string> odd_sizes(const ScheduleSizes& sizes) {
  if (sizes.ranks % 2 != 0) {
    return "it needs an even number of ranks, as copies of a stage are on ranks that face each "
           "other; take " +
           std::to_string(sizes.ranks + 1) + " ranks";
  }
  if (sizes.microbatches % 2 == 0) return std::nullopt;
  return "half of the microbatches go each way; take M=" + std::to_string(sizes.microbatches + 1);
}

}  // namespace pipetrain::generators
