// DualPipe (DeepSeek-V3 report 2024, section 3.2.1; deepseek-ai/DualPipe): microbatches come in
// from both ends of the pipeline and pass through copies of the stages, a forward of one direction
// beside a backward of the other.
#include <algorithm>
#include <optional>
#include <string>

#include "schedule/generate/schedule_kind.h"
#include "schedule/generate/two_sides.h"

namespace pipetrain::generators {

std::optional<std::string> odd_sizes(const ScheduleSizes& sizes);  // chimera.cpp

// clang-format off
// generate("dualpipe", 4, 1, 8) (copies of stages 0 and 3, of 1 and 2, of 2 and 1, of 3 and 0); a B takes two cells:
//   0F0 0F1 0F2 3F4 3I4 3W4 3F5 0F3 3B5     3F6 0B0     3B6     3F7     0B1     3B7     0I2 0W2 0I3 0W3
//       1F0 2F4 1F1 2F5 1F2 2B4     2F6 1B0     1F3 2B5     2F7 1B1     2B6     1B2     2I7 1I3 2W7 1W3
//       1F4 2F0 1F5 2F1 1F6 2B0     2F2 1B4     1F7 2B1     2F3 1B5     2B2     1B6     2I3 1I7 2W3 1W7
//   0F4 0F5 0F6 3F0 3I0 3W0 3F1 0F7 3B1     3F2 0B4     3B2     3F3     0B5     3B3     0I6 0W6 0I7 0W7
// clang-format on
RankActions dualpipe(const ScheduleSizes& sizes) {
  const int ranks = sizes.ranks, half = sizes.microbatches / 2;
  RankActions all;
  for (int rank = 0; rank < ranks; ++rank) {
    const bool down = rank < ranks / 2;  // what comes here first
    const TwoSides::Side near = {.stage = std::min(rank, ranks - 1 - rank),
                                 .first = down ? 0 : half};
    const TwoSides::Side far = {.stage = ranks - 1 - near.stage, .first = half - near.first};
    all.push_back(two_sided_rank(ranks / 2, near.stage, half, {near, far}));
  }
  return all;
}

std::optional<std::string> fewer_than_two_per_rank_or_odd(const ScheduleSizes& sizes) {
  if (auto reason = odd_sizes(sizes)) return reason;
  if (sizes.microbatches >= 2 * sizes.ranks) return std::nullopt;
  return "it needs two microbatches per rank; take M=" + std::to_string(2 * sizes.ranks) +
         " or more";
}

}  // namespace pipetrain::generators
