#include "base/binding.h"

#include <cstddef>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/machine.h"
#include "base/suggest.h"
#include "catch.h"

using namespace pipetrain;

namespace {

constexpr double kNoQuota = std::numeric_limits<double>::infinity();

HostRanks host_of(const std::vector<std::string>& lists, std::size_t mine = 0) {
  HostRanks host{.mine = mine, .processors = {}};
  for (const std::string& list : lists) host.processors.push_back(processors_in(list));
  return host;
}

// "0-1,8-9 | 2-3,10-11": what ranks have that all had `list`.
std::string divided_text(int ranks, const std::string& list, const Machine& machine) {
  const HostRanks host = host_of(std::vector<std::string>(static_cast<std::size_t>(ranks), list));
  std::vector<std::string> texts;
  for (const ProcessorSet& set : with_divided_cores(host, machine.root()).processors) {
    texts.push_back(set.text());
  }
  return join(texts, " | ");
}

}  // namespace

TEST_CASE("Ranks divide whole cores, each within one NUMA node where that is possible") {
  const TwoSockets machine;
  const auto text = [&](int ranks) { return divided_text(ranks, "0-15", machine); };
  CHECK(text(1) == "0-15");
  CHECK(text(2) == "0-3,8-11 | 4-7,12-15");
  CHECK(text(3) == "0-1,8-9 | 2-3,10-11 | 4-5,12-13");
  CHECK(text(4) == "0-1,8-9 | 2-3,10-11 | 4-5,12-13 | 6-7,14-15");
  CHECK(text(8) == "0,8 | 1,9 | 2,10 | 3,11 | 4,12 | 5,13 | 6,14 | 7,15");
  CHECK(text(9) == join(std::vector<std::string>(9, "0-15"), " | "));  // too few cores
}

TEST_CASE("A core is left over rather than shared out across nodes") {
  CHECK(divided_text(4, "0-9", TwoSockets(5)) == "0-1 | 2-3 | 5-6 | 7-8");
}

TEST_CASE("Where nodes do not hold all ranks, some cross them") {
  const TwoSockets machine(3);
  CHECK(divided_text(3, "0-5", machine) == "0-1 | 2-3 | 4-5");
  CHECK(divided_text(2, "1-5", machine) == "1-2 | 3-4");  // one core and two others
}

TEST_CASE("Ranks divide only what they may use") {
  const TwoSockets machine;
  CHECK(divided_text(2, "8-11", machine) == "8-9 | 10-11");  // second hardware threads
  CHECK(divided_text(2, "2-5", machine) == "2-3 | 4-5");
  CHECK(divided_text(2, "0,8", machine) == "0,8 | 0,8");  // one core
}

TEST_CASE("Ranks to which the launcher has given other cores keep theirs") {
  const TwoSockets machine;
  const HostRanks bound = host_of({"0-3,8-11", "4-7,12-15"});
  CHECK(with_divided_cores(bound, machine.root()).processors == bound.processors);
  const HostRanks sockets = host_of({"0-3,8-11", "4-7,12-15", "0-3,8-11", "4-7,12-15"});
  const std::vector<ProcessorSet> found = with_divided_cores(sockets, machine.root()).processors;
  CHECK(found == host_of({"0-1,8-9", "4-5,12-13", "2-3,10-11", "6-7,14-15"}).processors);
}

TEST_CASE("A rank's cores are physical, within the quota, and shared by those that run on them") {
  const TwoSockets machine;
  const auto found = [&](const HostRanks& host, double quota) {
    const RankCores cores = cores_of_rank(host, quota, machine.root());
    return std::vector{cores.cores, cores.sharing};
  };
  CHECK(found(host_of({"0-15"}), kNoQuota) == std::vector{8, 1});
  CHECK(found(host_of({"0-15", "0-15"}), kNoQuota) == std::vector{8, 2});
  CHECK(found(host_of({"0-15", "0-15"}), 5) == std::vector{5, 2});
  CHECK(found(host_of({"0-3,8-11", "4-7,12-15"}), kNoQuota) == std::vector{4, 1});
  CHECK(found(host_of({"0-3,8-11", "4-7,12-15"}), 5) == std::vector{2, 1});  // half of the quota
  CHECK(found(host_of({"0-15"}), 0.5) == std::vector{1, 1});
  CHECK(found(host_of({"0", "8"}), kNoQuota) == std::vector{1, 2});  // threads of one core
}

TEST_CASE("A rank alone on its host, or told not to, is not bound") {
  const ProcessorSet own = own_processors();
  const RankCores alone = bind_rank({.mine = 0, .processors = {own}}, Binding::kCores);
  CHECK(alone.sharing == 1);
  const std::size_t all = cores_of(online_processors()).size();
  if (cores_of(own).size() == all) CHECK(alone.binding + alone.warning == "");
  if (all > 1) {
    const ProcessorSet first = processors_of({cores_of(own).front()});
    const RankCores left = bind_rank({.mine = 0, .processors = {first}}, Binding::kCores);
    CHECK(left.binding.starts_with("has 1 core "));
    CHECK(left.binding.ends_with(" of this host's " + std::to_string(all) +
                                 " cores: the launcher, taskset, a container or the batch system "
                                 "leaves it no more"));
  }
  const RankCores told = bind_rank({.mine = 0, .processors = {own, own}}, Binding::kNone);
  CHECK(told.sharing == 2);
  CHECK(told.binding + told.warning == "");
  CHECK(processors_of(0) == own);
}

TEST_CASE("A bound rank runs on its cores alone, and so do the threads that it starts") {
  const ProcessorSet own = own_processors();
  const HostRanks host{.mine = 1, .processors = {own, own}};
  const ProcessorSet share = with_divided_cores(host).processors[1];
  RankCores found;
  ProcessorSet mine, of_thread;
  std::thread([&] {  // bound for as long as it lives
    found = bind_rank(host, Binding::kCores);
    mine = processors_of(0);
    std::thread([&] { of_thread = processors_of(0); }).join();
  })
      .join();
  CHECK(mine == share);
  CHECK(of_thread == share);
  if (share == own) {
    CHECK(found.binding.starts_with("ranks are not bound: 2 of them have 1 core "));
  } else {
    CHECK(found.binding == "bound to " + text_of(cores_of(share)));
    CHECK(found.sharing == 1);
  }
}

TEST_CASE("What the launcher has bound is said") {
  const ProcessorSet own = own_processors();
  ProcessorSet other;
  other.add(own.numbers().back() + 1);
  const RankCores found = bind_rank({.mine = 0, .processors = {own, other}}, Binding::kCores);
  CHECK(found.binding == "bound by the launcher to " + text_of(cores_of(own)));
  CHECK(processors_of(0) == own);
}
