#include "plan/grid_sizes.h"

#include <algorithm>
#include <set>

#include "schedule/generate/generate.h"

namespace pipetrain {

std::vector<GridSize> grids(const GridBounds& bounds) {
  const auto& [ranks, tensor, batch_rows, layers] = bounds;
  std::vector<GridSize> found;
  const int stages = ranks / tensor;
  for (int p = 1; p <= std::min(stages, layers); ++p) {
    if (ranks % tensor != 0 || stages % p != 0) continue;
    found.push_back({1, p});
    const int data = stages / p;
    if (data > 1 && batch_rows % data == 0) found.push_back({data, p});
  }
  return found;
}

std::vector<int> microbatch_counts(const Candidate& configured, int pipeline, int batch_rows) {
  std::set<int> counts;
  for (const int factor : {1, 2, 4, 8}) {
    if (pipeline * factor <= batch_rows) counts.insert(pipeline * factor);
  }
  counts.insert(std::min(configured.microbatches, batch_rows));
  return {counts.begin(), counts.end()};
}

std::vector<std::int64_t> microbatch_rows(const Candidate& configured, const GridBounds& bounds) {
  std::set<std::int64_t> sizes;
  for (const auto& [data, p] : grids(bounds)) {
    const int rows = bounds.batch_rows / data;
    for (const int m : microbatch_counts(configured, p, rows)) {
      sizes.insert((rows + m - 1) / m);
      sizes.insert(rows / m);
    }
  }
  const int own = std::max(1, configured.microbatches);
  const int own_rows = bounds.batch_rows / configured.data;
  std::vector<std::int64_t> ordered{(own_rows + own - 1) / own};
  for (const std::int64_t rows : sizes) {
    if (rows != ordered.front()) ordered.push_back(rows);
  }
  return ordered;
}

bool exists_with(const std::string& schedule, int virtual_stages, int slices) {
  constexpr int kRanks = 2, kMicrobatches = 2 * kRanks;  // every schedule takes two per rank
  return !why_not(schedule, kRanks, virtual_stages, kMicrobatches, slices);
}

}  // namespace pipetrain
