#include "setup/world.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
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

std::vector<int> World::measuring_rounds() const {
  std::vector<int> rounds;
  std::map<std::string, int> turns;
  for (const RankPlace& place : places) {
    const bool crowded = place.cores < place.threads * place.sharing;
    rounds.push_back(crowded ? turns[place.host]++ : 0);
  }
  return rounds;
}

std::string World::cure() const {
  int threads = 1, sharing = 1, cores = 1;  // where they are most crowded
  double least = 1;
  for (const RankPlace& place : places) {
    const double each = static_cast<double>(place.cores) / (place.threads * place.sharing);
    if (each >= least) continue;
    least = each;
    threads = place.threads, sharing = place.sharing, cores = place.cores;
  }
  if (threads > 1 && sharing <= cores) {
    return "set OMP_NUM_THREADS to " + std::to_string(cores / sharing);
  }
  return std::string(threads > 1 ? "set OMP_NUM_THREADS to 1 and " : "") +
         "start at most as many ranks as there are cores, or let them use more (mpirun --bind-to "
         "none, --map-by slot:PE=n)";
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

World learn_world(const RankPlace& mine, Collective& collective) {
  const nlohmann::json text = {mine.host, mine.threads, mine.cores, mine.sharing};
  World world{collective.rank(), {}};
  for (const std::string& gathered : collective.all_gather_text(text.dump())) {
    const nlohmann::json place = nlohmann::json::parse(gathered);
    world.places.push_back({place[0], place[1], place[2], place[3]});
  }
  return world;
}

}  // namespace pipetrain
