#include "base/binding.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

namespace pipetrain {
namespace {

// What is left after each rank's share of a node is of no use to another rank.
std::size_t ranks_that_fit(const std::map<int, std::vector<Core>>& nodes, std::size_t share) {
  std::size_t ranks = 0;
  for (const auto& [node, cores] : nodes) ranks += cores.size() / share;
  return ranks;
}

}  // namespace

std::vector<std::vector<Core>> divided(const std::vector<Core>& cores, std::size_t ranks) {
  std::vector<std::vector<Core>> shares;
  const std::size_t share = cores.size() / ranks;
  if (share == 0) return shares;
  std::map<int, std::vector<Core>> nodes;
  for (const Core& core : cores) nodes[core.node].push_back(core);
  if (ranks_that_fit(nodes, share) < ranks) nodes = {{0, cores}};
  for (const auto& [node, of_node] : nodes) {
    for (auto first = of_node.begin(); of_node.end() - first >= static_cast<std::ptrdiff_t>(share);
         first += static_cast<std::ptrdiff_t>(share)) {
      if (shares.size() < ranks)
        shares.emplace_back(first, first + static_cast<std::ptrdiff_t>(share));
    }
  }
  return shares;
}

HostRanks with_divided_cores(const HostRanks& host, const std::filesystem::path& system) {
  std::map<ProcessorSet, std::vector<std::size_t>> groups;  // ranks that may run on the same
  for (std::size_t rank = 0; rank < host.processors.size(); ++rank) {
    groups[host.processors[rank]].push_back(rank);
  }
  HostRanks after = host;
  for (const auto& [processors, ranks] : groups) {
    if (ranks.size() == 1) continue;
    const auto shares = divided(cores_of(processors, system), ranks.size());
    for (std::size_t i = 0; i < shares.size(); ++i) {
      after.processors[ranks[i]] = processors_of(shares[i]);
    }
  }
  return after;
}

RankCores cores_of_rank(const HostRanks& host, double quota, const std::filesystem::path& system) {
  ProcessorSet all;
  for (const ProcessorSet& processors : host.processors) all.add(processors);
  // Whole cores: two ranks on two hardware threads of one core share it.
  std::vector<Core> mine = cores_of(all, system);
  std::erase_if(mine, [&](const Core& core) {
    return !core.processors.overlaps(host.processors[host.mine]);
  });
  const ProcessorSet whole = processors_of(mine);
  RankCores found;
  found.sharing = static_cast<int>(std::ranges::count_if(
      host.processors, [&](const ProcessorSet& theirs) { return whole.overlaps(theirs); }));
  const double granted = quota * found.sharing / static_cast<double>(host.processors.size());
  found.cores = static_cast<int>(std::clamp(granted, 1.0, static_cast<double>(mine.size())));
  return found;
}

RankCores bind_rank(const HostRanks& host, Binding binding) {
  RankCores before = cores_of_rank(host);
  const ProcessorSet& own = host.processors[host.mine];
  const auto alike = std::ranges::count(host.processors, own);
  if (host.processors.size() == 1) {
    const std::size_t some = cores_of(own).size(), all = cores_of(online_processors()).size();
    if (some < all) {
      before.binding =
          "has " + text_of(cores_of(own)) + " of this host's " + std::to_string(all) +
          " cores: the launcher, taskset, a container or the batch system leaves it no "
          "more";
    }
    return before;
  }
  if (before.sharing == 1) {
    before.binding = "bound by the launcher to " + text_of(cores_of(own));
    return before;
  }
  if (binding == Binding::kNone || alike == 1) return before;
  if (openmp_binds()) {
    before.warning =
        "OMP_PROC_BIND or OMP_PLACES binds the threads of all ranks to the same cores; unset both, "
        "and ranks get cores of their own";
    return before;
  }
  const HostRanks host_after = with_divided_cores(host);
  const ProcessorSet& share = host_after.processors[host.mine];
  if (share == own) {
    before.binding =
        "ranks are not bound: " + std::to_string(alike) + " of them have " + text_of(cores_of(own));
    return before;
  }
  if (!run_on(share)) {
    before.warning = std::string("ranks are not bound to cores: ") + std::strerror(errno);
    return before;
  }
  RankCores after = cores_of_rank(host_after);
  after.binding = "bound to " + text_of(cores_of(share));
  return after;
}

}  // namespace pipetrain
