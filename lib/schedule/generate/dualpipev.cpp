// DualPipeV: the V-shaped half of DualPipe (DeepSeek-V3 report 2024, section 3.2.1;
// deepseek-ai/DualPipe).
#include <optional>
#include <string>

#include "schedule/generate/schedule_kind.h"
#include "schedule/generate/two_sides.h"

namespace pipetrain::generators {

// clang-format off
// generate("dualpipev", 2, 2, 4) (stages 0 and 3, stages 1 and 2); a B takes two cells:
//   0F0 0F1 0F2 3F0 3I0 3W0 3F1 0F3 3B1     3F2 0B0     3B2     3F3     0B1     3B3     0I2 0W2 0I3 0W3
//       1F0 2F0 1F1 2F1 1F2 2B0     2F2 1B0     1F3 2B1     2F3 1B1     2B2     1B2     2I3 1I3 2W3 1W3
// clang-format on
RankActions dualpipev(const ScheduleSizes& sizes) {
  RankActions all;
  for (int rank = 0; rank < sizes.ranks; ++rank) {
    all.push_back(two_sided_rank(sizes.ranks, rank, sizes.microbatches,
                                 {.near = {rank}, .far = {2 * sizes.ranks - 1 - rank}}));
  }
  return all;
}

std::optional<std::string> fewer_than_two_per_rank(const ScheduleSizes& sizes) {
  if (sizes.microbatches >= 2 * sizes.ranks) return std::nullopt;
  return "it needs two microbatches per rank; take M=" + std::to_string(2 * sizes.ranks) +
         " or more";
}

}  // namespace pipetrain::generators
