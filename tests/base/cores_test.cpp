#include "base/cores.h"

#include <string>
#include <vector>

#include "base/machine.h"
#include "catch.h"

using namespace pipetrain;

namespace {

// Of the processors in a list: "0: 0,8; 0: 1,9; ..." with the node of each core.
std::string cores_text(const std::string& processors, const Machine& machine) {
  std::string text;
  for (const Core& core : cores_of(processors_in(processors), machine.root())) {
    if (!text.empty()) text += "; ";
    text += std::to_string(core.node) + ": " + core.processors.text();
  }
  return text;
}

}  // namespace

TEST_CASE("A core is all its hardware threads, and cores go node by node") {
  const TwoSockets machine(2);
  CHECK(cores_text("0-7", machine) == "0: 0,4; 0: 1,5; 1: 2,6; 1: 3,7");
  const std::vector<Core> cores = cores_of(processors_in("0-7"), machine.root());
  CHECK(text_of(cores) == "4 cores of NUMA nodes 0-1 (processors 0-7)");
  CHECK(text_of({cores[2]}) == "1 core of NUMA node 1 (processors 2,6)");
}

TEST_CASE("What may not be used counts for no core") {
  const TwoSockets machine(2);
  CHECK(cores_text("1,5", machine) == "0: 1,5");                  // both threads of one core
  CHECK(cores_text("4-7", machine) == "0: 4; 0: 5; 1: 6; 1: 7");  // second threads alone
  CHECK(cores_text("3,5-7", machine) == "0: 5; 1: 3,7; 1: 6");
}

TEST_CASE("Processors may be offline, and have holes in their numbers, and so may nodes") {
  Machine machine;
  machine.add_core("0,12");
  machine.add_core("3");  // its other thread is offline
  machine.add_core("7-8");
  machine.add_node(0, "3");
  machine.add_node(2, "0,7-8,12");
  machine.add_node(5, "");  // memory alone
  CHECK(cores_text("0,3,7,8,12", machine) == "0: 3; 2: 0,12; 2: 7-8");
}

TEST_CASE("More processors than a cpu_set_t holds") {
  const TwoSockets machine(400);
  const std::vector<Core> cores = cores_of(processors_in("0-1599"), machine.root());
  REQUIRE(cores.size() == 800);
  CHECK(cores.back().processors == set_of({799, 1599}));
  CHECK(cores.back().node == 1);
}

TEST_CASE("Where the system does not say what processors are, each is a core") {
  CHECK(cores_text("1,4", Machine()) == "0: 1; 0: 4");
}

TEST_CASE("This process has cores, at most as many as processors") {
  CHECK(own_cores() >= 1);
  CHECK(own_cores() <= own_processors().count());
  CHECK(processors_of(cores_of(own_processors())) == own_processors());
}
