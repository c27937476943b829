#include "setup/threads.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

#include "base/suggest.h"
#include "comm/agree.h"
#include "ops/waiting.h"

namespace pipetrain {
namespace {

constexpr std::size_t kMostRows = 8;  // of a table of all ranks

std::string counted(int threads) {
  return std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}

// Collective. What ranks have to say, each text once, behind those of them that say it.
std::vector<std::string> by_rank(const std::string& mine, Collective& world) {
  const std::vector<std::string> texts = world.all_gather_text(mine);
  std::vector<std::string> lines;
  std::set<std::string> said = {""};
  for (const std::string& text : texts) {
    if (!said.insert(text).second) continue;
    std::vector<std::string> ranks;
    for (std::size_t rank = 0; rank < texts.size(); ++rank) {
      if (texts[rank] == text) ranks.push_back(std::to_string(rank));
    }
    const bool all = ranks.size() == texts.size() && ranks.size() > 1;
    lines.push_back(all ? text : "rank " + join(ranks) + ": " + text);
  }
  return lines;
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
  ThreadNotes notes{.bindings = by_rank(place.binding, world),
                    .warnings = by_rank(place.warning, world)};
  const std::vector<std::string> in_vain = by_rank(mine.warning, world);
  if (world.rank() != 0) return {};
  if (notes.bindings.size() > kMostRows) {
    const std::size_t more = notes.bindings.size() - kMostRows;
    notes.bindings.resize(kMostRows);
    notes.bindings.push_back("and so on, in " + std::to_string(more) + " more places");
  }
  if (!crowded.empty()) {
    notes.waiting = "threads and ranks sleep while they wait: " + crowded;
    if (mine.threads > 1 && told_to_spin()) {
      notes.warnings.emplace_back(
          "but OMP_WAIT_POLICY or GOMP_SPINCOUNT lets threads spin; unset both");
    }
  }
  notes.warnings.insert(notes.warnings.end(), in_vain.begin(), in_vain.end());
  return notes;
}

}  // namespace pipetrain
