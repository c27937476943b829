#include "schedule/simulate/network.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/index.h"

namespace pipetrain {
namespace {

// Gives each link a number, and sees who sends over it.
class Queues {
 public:
  int of(const std::string& name, int sender) {
    const int number = numbers_.emplace(name, static_cast<int>(numbers_.size())).first->second;
    senders_.resize(numbers_.size());
    senders_[index(number)].insert(sender);
    return number;
  }
  int count() const { return static_cast<int>(numbers_.size()); }
  bool shared() const {
    return std::ranges::any_of(senders_, [](const auto& senders) { return senders.size() > 1; });
  }

 private:
  std::map<std::string, int> numbers_;
  std::vector<std::set<int>> senders_;
};

int host_of(const Network& network, int rank, int ranks) {
  return static_cast<int>(std::int64_t{rank} * network.hosts / ranks);
}

}  // namespace

void link_by_hosts(Network& network, const std::vector<std::string>& hosts, const LinkRate& within,
                   const LinkRate& between) {
  network.has_links = true;
  for (std::size_t from = 0; from < hosts.size(); ++from) {
    for (std::size_t to = 0; to < hosts.size(); ++to) {
      if (from == to) continue;
      const bool near = hosts[from] == hosts[to];
      network.pairs[{static_cast<int>(from), static_cast<int>(to)}] = {
          near ? within : between, near ? "" : "out of " + hosts[from]};
    }
  }
}

Network::Link link_between(const Network& network, int from, int to, int ranks) {
  const std::string own = std::to_string(from) + " to " + std::to_string(to);
  if (network.pairs.empty()) {
    const int host = host_of(network, from, ranks);
    if (host == host_of(network, to, ranks)) return {network.within, own};
    return {network.between, "out of host " + std::to_string(host)};
  }
  const auto found = network.pairs.find({from, to});
  if (found == network.pairs.end()) {
    throw Error(ExitCode::kConfiguration, network.text + ": no link from rank " + own +
                                              ", of which one sends to the other; add a row");
  }
  Network::Link link = found->second;
  link.name = link.name.empty() ? own : "named " + link.name;
  return link;
}

std::shared_ptr<const Network> network_of_speeds(std::vector<double> speeds) {
  if (speeds.empty()) return nullptr;
  return std::make_shared<Network>(Network{.speeds = std::move(speeds)});
}

double MessageWays::longest() const {
  double longest = 0;
  for (const auto* ways : {&up, &down, &to_piece, &from_piece, &between_pieces}) {
    for (const MessageWay& way : *ways) longest = std::max(longest, way.total());
  }
  return longest;
}

MessageWays MessageWays::without_queues() const {
  MessageWays free = *this;
  for (auto* ways :
       {&free.up, &free.down, &free.to_piece, &free.from_piece, &free.between_pieces}) {
    for (MessageWay& way : *ways) way = {.latency = way.total(), .busy = 0, .queue = -1};
  }
  free.queues = 0;
  free.shared = false;
  return free;
}

namespace {

MessageWays ways_of(const Costs& costs, const Placement& placement, VocabularyPlace vocabulary) {
  const int stages = placement.stage_count(), ranks = placement.rank_count();
  MessageWays ways{.up = {}, .down = {}, .copies = placement.copies()};
  const std::size_t borders = index(stages) + 1;
  ways.up.resize(borders * index(ways.copies));
  ways.down.resize(ways.up.size());
  const Network* network = costs.network.get();
  Queues queues;
  const bool linked = network != nullptr && network->has_links;
  const auto link = [&](int from, int to) {
    const auto number = [&](int rank) {
      return network->numbers.empty() ? rank : network->numbers[index(rank)];
    };
    return link_between(*network, number(from), number(to),
                        network->all_ranks > 0 ? network->all_ranks : ranks);
  };
  const auto way = [&](int from, int to) -> MessageWay {
    if (from == to) return {};
    if (!linked) return {.latency = costs.message};
    const auto [rate, name] = link(from, to);
    return {.latency = rate.latency_seconds / network->unit_seconds,
            .busy = rate.seconds_per_byte * network->message_bytes / network->unit_seconds,
            .queue = queues.of(name, from)};
  };
  for (int copy = 0; copy < ways.copies; ++copy) {
    for (int s = 1; s < stages; ++s) {
      const int below = placement.rank_of(s - 1, copy), above = placement.rank_of(s, copy);
      ways.up[index(copy) * borders + index(s)] = way(below, above);
      ways.down[index(copy) * borders + index(s)] = way(above, below);
    }
  }
  for (int rank = 0; is_over_pipeline(vocabulary) && rank < ranks; ++rank) {
    const int last = placement.rank_of(stages - 1);
    ways.to_piece.push_back(way(last, rank));
    ways.from_piece.push_back(way(rank, last));
    for (int to = 0; vocabulary == VocabularyPlace::kVocab1 && to < ranks; ++to) {
      const bool free = linked && rank != to;
      ways.between_pieces.push_back(
          free ? MessageWay{.latency = link(rank, to).rate.latency_seconds / network->unit_seconds}
               : way(rank, to));
    }
  }
  ways.queues = queues.count();
  ways.shared = queues.shared();
  return ways;
}

}  // namespace

MessageWays ways_of(const Costs& costs, const Placement& placement) {
  return ways_of(costs, placement, VocabularyPlace::kWhole);
}

MessageWays ways_of(const Costs& costs, const Schedule& schedule) {
  return ways_of(costs, schedule.placement, schedule.vocabulary);
}

MessageWays ways_from(int rank, const Costs& costs, const Placement& placement) {
  const MessageWays all = ways_of(costs, placement);
  if (all.copies == 1) return all;
  const std::size_t borders = all.up.size() / 2;
  MessageWays own{
      .up = {all.up.begin(), all.up.begin() + static_cast<std::ptrdiff_t>(borders)},
      .down = {all.down.begin(), all.down.begin() + static_cast<std::ptrdiff_t>(borders)},
      .queues = all.queues,
      .shared = all.shared};
  for (const int stage : placement.stages_of(rank)) {
    if (placement.copy_on(rank, stage) == 0) continue;
    own.up[index(stage) + 1] = all.up[borders + index(stage) + 1];
    own.down[index(stage)] = all.down[borders + index(stage)];
  }
  return own;
}

void check_own_links(const Costs& costs, const Placement& placement) {
  if (!ways_of(costs, placement).shared) return;
  throw Error(ExitCode::kConfiguration,
              "--links: several ranks share a link, which is simulated for one step alone; let no "
              "steps follow each other, or name no shared links");
}

void check_speeds(const std::vector<double>& speeds, int ranks) {
  if (static_cast<int>(speeds.size()) == ranks) return;
  throw Error(ExitCode::kConfiguration, "--speeds: found the speeds of " +
                                            std::to_string(speeds.size()) + " ranks, expected " +
                                            std::to_string(ranks));
}

Costs at_rank_speeds(const Costs& costs, const Placement& placement) {
  if (!costs.network || costs.network->speeds.empty()) return costs;
  const std::vector<double>& speeds = costs.network->speeds;
  check_speeds(speeds, placement.rank_count());
  if (placement.copies() > 1) {
    throw Error(ExitCode::kConfiguration,
                "--speeds: each stage is on two ranks here, and is taken to cost the same on both; "
                "leave the speeds out, or take a schedule with one copy of each stage");
  }
  Costs own = costs;
  for (std::size_t s = 0; s < own.stages.size(); ++s) {
    StageCost& stage = own.stages[s];
    for (double StageCost::* part :
         {&StageCost::forward, &StageCost::backward_input, &StageCost::backward_weight,
          &StageCost::recompute, &StageCost::remake}) {
      stage.*part /= speeds[index(placement.rank_of(static_cast<int>(s)))];
    }
  }
  for (std::size_t rank = 0; rank < own.pieces.size(); ++rank) {
    own.pieces[rank].forward /= speeds[rank];
    own.pieces[rank].backward /= speeds[rank];
  }
  auto network = std::make_shared<Network>(*costs.network);
  network->speeds.clear();
  own.network = std::move(network);
  return own;
}

}  // namespace pipetrain
