#include "comm/clock_offsets.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>

namespace pipetrain {
namespace {

constexpr int kRounds = 20;

double broadcast(double value, int root, Collective& collective) {
  collective.broadcast(std::as_writable_bytes(std::span(&value, 1)), root);
  return value;
}

// How far the clock of `rank` is ahead; known on rank 0.
double offset_of(int rank, Collective& collective, const std::function<double()>& clock) {
  double offset = 0, shortest = std::numeric_limits<double>::max();
  for (int round = 0; round < kRounds; ++round) {
    collective.barrier();  // nobody's lateness is part of the round trip
    const double asked = clock();
    broadcast(0, 0, collective);
    const double theirs = broadcast(clock(), rank, collective);
    const double heard = clock();
    if (heard - asked >= shortest) continue;
    shortest = heard - asked;
    offset = theirs - (asked + heard) / 2;
  }
  return offset;
}

}  // namespace

std::vector<double> clock_offsets(const std::string& host, Collective& collective,
                                  const std::function<double()>& clock) {
  const std::vector<std::string> hosts = collective.all_gather_text(host);
  std::vector<double> offsets(hosts.size(), 0.0);
  for (std::size_t rank = 0; rank < offsets.size(); ++rank) {
    if (hosts[rank] == hosts[0]) continue;
    std::size_t first = 0;  // of this host
    while (hosts[first] != hosts[rank]) ++first;
    offsets[rank] = first < rank ? offsets[first]
                                 : broadcast(offset_of(static_cast<int>(rank), collective, clock),
                                             0, collective);
  }
  return offsets;
}

}  // namespace pipetrain
