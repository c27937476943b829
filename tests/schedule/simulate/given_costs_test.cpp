#include "schedule/simulate/given_costs.h"

#include <cstdio>
#include <fstream>
#include <string>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

template <class Work>
std::string refusal(Work work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

// A file that goes with the test.
struct CostsFile {
  explicit CostsFile(const std::string& text) { std::ofstream(path) << text; }
  ~CostsFile() { std::remove(path.c_str()); }
  std::string path = "given_costs_test.scratch";
};

}  // namespace

TEST_CASE("Costs are numbers of a rank's share, or of each stage") {
  const Costs costs = given_costs(" 1, 2,3 ,0.5", "").on(Placement::loop(2, 2));
  CHECK(costs.stages.size() == 4);
  CHECK(costs.stages[3].backward_weight == 1.5);
  CHECK(costs.message == 0.5);
  const CostsFile file("1,1,1\r\n1,2,3\n\n");
  const Costs by_stage = given_costs("0.25", file.path).on(Placement::loop(2));
  CHECK(by_stage.stages[1].backward_weight == 3);
  CHECK(by_stage.message == 0.25);
  CHECK(refusal([&] {
          given_costs("", file.path).on(Placement::loop(4));
        }).find("costs of 2 stages, expected 4, of 4 ranks") != std::string::npos);
  CHECK(refusal([&] { given_costs("1,1,1", file.path); }).find("COMM alone") != std::string::npos);
}

TEST_CASE("Costs that are none are refused") {
  for (const char* costs :
       {"1", "1,1", "1,1,1,1,1", "1,1,x", "1,,1", "-1,1,1", "inf,1,1", "1,nan,1", "1,1,1e10",
        "0,0,0", "0,0,0,5", "1,1,1,-1", "1 1 1", "0x1,1,1"}) {
    INFO(costs);
    CHECK(refusal([&] { given_costs(costs, ""); }).find("--costs: found '") == 0);
  }
  CHECK(given_costs("", CostsFile("1,1,1\n\n\"1\",1,1\n").path).stages.size() == 2);
  for (const char* table : {"", "1,1\n", "1,1,1\n\n1,1\n", "0,0,0\n0,0,0\n", "1,1,1\n1,1,-1"}) {
    INFO(table);
    const CostsFile file(table);
    CHECK(refusal([&] { given_costs("", file.path); }).find(file.path + ": ") == 0);
  }
}
