// What links the ranks of a pipeline and how fast each rank is, where they are not all alike; and
// from it what each message of a placement takes. Pure; it must not know who measured it, nor how
// it was written down.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "schedule/placement.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

struct LinkRate {
  double latency_seconds = 0;   // from the end of sending until it is there
  double seconds_per_byte = 0;  // meanwhile the link takes no other message
};

struct Network {
  // Ranks are shared out over the hosts in their order. A pair of ranks on one host has a link of
  // its own each way; what leaves a host for others takes the host's one way out.
  int hosts = 1;
  LinkRate within, between;
  // From one rank to another; links of the same name are one, and of no name the pair's own. If
  // there are any, all pairs that send must be among them, and hosts do not count.
  struct Link {
    LinkRate rate;
    std::string name;
  };
  std::map<std::pair<int, int>, Link> pairs;
  bool has_links = false;  // else a message takes Costs::message
  // Where the ranks of one pipeline are some of those that are linked: which, and of how many.
  // Empty and 0: they are all.
  std::vector<int> numbers;
  int all_ranks = 0;

  std::vector<double> speeds;  // of each rank; empty: all 1. At 0.5 all takes twice as long
  double message_bytes = 0;    // of each message
  double unit_seconds = 1;     // what a cost of 1 means
  std::string text;            // the links in the user's words
};

// What a message takes in the costs' unit, if the link is free.
struct MessageWay {
  double latency = 0, busy = 0;
  int queue = -1;  // of messages on the same link, one after the other; -1: none ever waits
  double total() const { return busy + latency; }
};

struct MessageWays {
  // Of border s, which lies between stages s - 1 and s: activations upwards, gradients down. Both
  // ends of the model are borders, too, where nothing travels. Where stages have two copies, those
  // of the second one follow.
  std::vector<MessageWay> up, down;
  int copies = 1;
  // Of each rank, where the vocabulary is over the pipeline: from the last stage to its piece, and
  // back. Where pieces wait for each other twice, also from each piece to each other one, those of
  // one sender together: a few numbers a row, which take no link's time but its latency.
  std::vector<MessageWay> to_piece = {}, from_piece = {}, between_pieces = {};
  int queues = 0;
  bool shared = false;  // several ranks send into one queue

  double longest() const;
  MessageWays without_queues() const;
};

// Links all pairs of ranks, of which each one's host is given: what leaves a host shares its way
// out.
void link_by_hosts(Network& network, const std::vector<std::string>& hosts, const LinkRate& within,
                   const LinkRate& between);

// Of `all_ranks` ranks. Error(kConfiguration) for two without a link.
Network::Link link_between(const Network& network, int from, int to, int all_ranks);

// Of ranks that differ in speed alone; none where there are no speeds.
std::shared_ptr<const Network> network_of_speeds(std::vector<double> speeds);

// Error(kConfiguration) for two ranks without a link.
MessageWays ways_of(const Costs& costs, const Placement& placement);
// With those to pieces of the vocabulary, if it has them.
MessageWays ways_of(const Costs& costs, const Schedule& schedule);

// Those of one copy of every stage, for what this rank sends: of each border it has a stage on
// the sending side, in one copy. The queues are those of all ranks.
MessageWays ways_from(int rank, const Costs& costs, const Placement& placement);

// Error(kConfiguration) where several ranks share a link: messages of steps that follow each other
// are simulated without waiting for those of other ranks.
void check_own_links(const Costs& costs, const Placement& placement);

// Error(kConfiguration) unless there is one for each rank.
void check_speeds(const std::vector<double>& speeds, int ranks);

// As the placement's ranks run them: each stage at its rank's speed, and all speeds 1.
// Error(kConfiguration) if there are speeds for another number of ranks, or if a stage is on two.
Costs at_rank_speeds(const Costs& costs, const Placement& placement);

}  // namespace pipetrain
