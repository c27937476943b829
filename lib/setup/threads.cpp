#include "setup/threads.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <vector>

#include "base/suggest.h"
#include "comm/agree.h"
#include "ops/waiting.h"

namespace pipetrain {
namespace {

std::string counted(int threads) {
  return std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}

}  // namespace

ThreadsSettled settle_threads(int share, const AskedThreads& asked) {
  const int wanted = asked.threads > 0 ? asked.threads : std::max(1, share);
  ThreadsSettled settled{.threads = settle_team(wanted)};
  if (asked.not_a_number) {
    settled.warning = "OMP_NUM_THREADS: found '" + *asked.not_a_number +
                      "', no positive number; taken as not set: " + counted(settled.threads) +
                      ", this rank's share of the cores";
  }
  if (settled.threads != wanted) {
    const std::string limits = team_limits();
    if (!settled.warning.empty()) settled.warning += "; ";
    settled.warning += counted(wanted) + (asked.threads > 0 ? " asked for" : " for the cores") +
                       ", but OpenMP gives " + std::to_string(settled.threads) +
                       (limits.empty() ? "" : " (" + limits + ")");
  }
  return settled;
}

ThreadNotes settle_threads(RankPlace& place, const std::string& crowded, Collective& world,
                           int most) {
  ThreadsSettled mine;
  agree(world, [&] { mine = settle_threads(std::min(place.cores / place.sharing, most)); });
  place.threads = mine.threads;
  std::map<std::string, std::vector<std::string>> ranks;  // that have the same warning
  const std::vector<std::string> warnings = world.all_gather_text(mine.warning);
  for (std::size_t rank = 0; rank < warnings.size(); ++rank) {
    if (!warnings[rank].empty()) ranks[warnings[rank]].push_back(std::to_string(rank));
  }
  ThreadNotes notes;
  if (world.rank() != 0) return notes;
  if (!crowded.empty()) {
    notes.waiting = "threads and ranks sleep while they wait: " + crowded;
    if (mine.threads > 1 && told_to_spin()) {
      notes.warnings.emplace_back(
          "but OMP_WAIT_POLICY or GOMP_SPINCOUNT lets threads spin; unset both");
    }
  }
  for (const auto& [warning, whose] : ranks) {
    const bool all = whose.size() == warnings.size();
    notes.warnings.push_back((all ? "" : "rank " + join(whose) + ": ") + warning);
  }
  return notes;
}

}  // namespace pipetrain
