#include "train/grid_text.h"

#include <spdlog/fmt/fmt.h>

#include "base/suggest.h"

namespace pipetrain {
namespace {

constexpr int kMostReplicas = 8;  // with a line each

// "ranks 4 to 7", "rank 4".
std::string range_text(int first, int last) {
  return first == last ? fmt::format("rank {}", first) : fmt::format("ranks {} to {}", first, last);
}

// "a", or "a (ranks 0 to 3), b (ranks 4 to 7)": the hosts of neighbouring ranks.
std::string hosts_text(const World& world, int first, int last) {
  const auto host = [&](int rank) { return world.places[static_cast<std::size_t>(rank)].host; };
  std::vector<std::string> hosts;
  for (int begin = first; begin <= last;) {
    int end = begin;
    while (end < last && host(end + 1) == host(begin)) ++end;
    const bool all = begin == first && end == last;
    hosts.push_back(host(begin) + (all ? "" : " (" + range_text(begin, end) + ")"));
    begin = end + 1;
  }
  return join(hosts);
}

// Its ranks stand in the order of the pipeline, those that share a layer next to each other.
std::string replica_line(const Grid& grid, const World& world, int replica) {
  const int first = grid.rank_of({.data = replica});
  const int last = first + grid.pipeline() * grid.tensor() - 1;
  std::string line = fmt::format("replica {}: {}", replica, range_text(first, last));
  if (grid.pipeline() > 1) line += fmt::format(", pipeline places 0 to {}", grid.pipeline() - 1);
  if (grid.tensor() > 1) {
    line += grid.pipeline() > 1 ? fmt::format(" of {} ranks each", grid.tensor())
                                : std::string(" at one place of the pipeline");
  }
  return line + ", on " + hosts_text(world, first, last);
}

}  // namespace

std::vector<std::string> grid_lines(const Grid& grid, const World& world) {
  if (grid.data() == 1 && grid.tensor() == 1) return {};
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

}  // namespace pipetrain
