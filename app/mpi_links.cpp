#include "mpi_links.h"

#include <cstddef>
#include <numeric>
#include <vector>

namespace pipetrain {
namespace {

std::vector<int> all_ranks(const Grid& grid) {
  std::vector<int> ranks(static_cast<std::size_t>(grid.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

}  // namespace

MpiLinks::MpiLinks(const MpiSession& session, const Grid& grid, StageNumbers stages,
                   WaitOptions wait, int copies)
    : grid_(grid),
      mailbox_(all_ranks(grid), pool_, wait, stages),
      world_(all_ranks(grid), pool_, wait, &mailbox_),
      replicas_(grid.stage_group(session.rank(), copies), pool_, wait, &mailbox_),
      tensor_(grid.tensor_group(session.rank()), pool_, wait, &mailbox_) {}

}  // namespace pipetrain
