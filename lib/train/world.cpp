#include "train/world.h"

#include <algorithm>
#include <set>

#include "base/suggest.h"

namespace pipetrain {

bool World::oversubscribed() const { return cores_per_rank() < 1; }

double World::cores_per_rank() const {
  double least = 1;
  for (const RankPlace& place : places) {
    least = std::min(least, static_cast<double>(place.cores) / (place.threads * place.sharing));
  }
  return least;
}

std::string World::text() const {
  auto counted = [](std::size_t n, const std::string& noun) {
    return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
  };
  std::set<std::string> hosts;
  std::set<int> threads;
  for (const RankPlace& place : places) {
    hosts.insert(place.host);
    threads.insert(place.threads);
  }
  const auto [least, most] = std::minmax_element(threads.begin(), threads.end());
  const std::string each =
      *least == *most ? counted(static_cast<std::size_t>(*least), "thread")
                      : std::to_string(*least) + " to " + std::to_string(*most) + " threads";
  return counted(places.size(), "rank") + " on " + counted(hosts.size(), "host") + " (" +
         join({hosts.begin(), hosts.end()}) + "), " + each + " each";
}

}  // namespace pipetrain
