#include "setup/grid_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>

#include "base/suggest.h"

namespace pipetrain {
namespace {

constexpr int kMostReplicas = 8;        // with a line each
constexpr std::size_t kMostHosts = 32;  // in a line

// "ranks 4 to 7", "rank 4".
std::string range_text(int first, int last) {
  return first == last ? fmt::format("rank {}", first) : fmt::format("ranks {} to {}", first, last);
}

const std::string& host_of(const World& world, int rank) {
  return world.places[static_cast<std::size_t>(rank)].host;
}

// "a", or "a (ranks 0 to 3), b (ranks 4 to 7)": the hosts of neighbouring ranks.
std::string hosts_text(const World& world, int first, int last) {
  std::vector<std::string> hosts;
  for (int begin = first; begin <= last;) {
    if (hosts.size() == kMostHosts) {
      hosts.push_back(
          fmt::format("... ({} to the last on {})", range_text(begin, last), host_of(world, last)));
      break;
    }
    int end = begin;
    while (end < last && host_of(world, end + 1) == host_of(world, begin)) ++end;
    const bool all = begin == first && end == last;
    hosts.push_back(host_of(world, begin) + (all ? "" : " (" + range_text(begin, end) + ")"));
    begin = end + 1;
  }
  return join(hosts);
}

// Its ranks stand in the order of the pipeline, those that share a layer next to each other.
std::string replica_text(const Grid& grid, const World& world, int replica) {
  const int first = grid.rank_of({.data = replica});
  const int last = first + grid.pipeline() * grid.tensor() - 1;
  std::string line = range_text(first, last);
  if (grid.pipeline() > 1) line += fmt::format(", pipeline places 0 to {}", grid.pipeline() - 1);
  if (grid.tensor() > 1) {
    line += grid.pipeline() > 1 ? fmt::format(" of {} ranks each", grid.tensor())
                                : std::string(" at one place of the pipeline");
  }
  return line + ", on " + hosts_text(world, first, last);
}

std::string replica_line(const Grid& grid, const World& world, int replica) {
  return fmt::format("replica {}: {}", replica, replica_text(grid, world, replica));
}

}  // namespace

std::vector<std::string> grid_lines(const Grid& grid, const World& world) {
  if (grid.data() == 1 && grid.tensor() == 1) {
    return {"placement: " + replica_text(grid, world, 0)};
  }
  std::vector<std::string> lines{fmt::format("grid: data {} x tensor {} x pipeline {}", grid.data(),
                                             grid.tensor(), grid.pipeline())};
  const bool all = grid.data() <= kMostReplicas;
  const int shown = all ? grid.data() : kMostReplicas / 2;
  for (int r = 0; r < shown; ++r) lines.push_back(replica_line(grid, world, r));
  if (all) return lines;
  lines.push_back(fmt::format("replicas {} to {} likewise", shown, grid.data() - shown - 1));
  for (int r = grid.data() - shown; r < grid.data(); ++r) {
    lines.push_back(replica_line(grid, world, r));
  }
  return lines;
}

std::string split_tensor_groups(const Grid& grid, const World& world) {
  int split = 0;
  std::string example;
  for (int rank = 0; rank < grid.size(); ++rank) {
    const std::vector<int> group = grid.tensor_group(rank);
    const bool together = std::ranges::all_of(
        group, [&](int other) { return host_of(world, other) == host_of(world, rank); });
    if (group.front() != rank || together) continue;
    if (split++ == 0) example = hosts_text(world, group.front(), group.back());
  }
  if (split == 0) return {};
  return fmt::format(
      "parallel.tensor: {} of {} groups of {} ranks that share layers have ranks on several hosts, "
      "the first on {}: every layer waits for the network; give each host a multiple of {} "
      "neighbouring ranks, or set a smaller parallel.tensor",
      split, grid.size() / grid.tensor(), grid.tensor(), example, grid.tensor());
}

}  // namespace pipetrain
