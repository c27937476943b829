#include "schedule/generate/evaluation_program.h"

#include <string>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/generate.h"
#include "schedule/validate.h"

using namespace pipetrain;

namespace {

std::vector<std::vector<Action>> gathers(const Program& program) {
  std::vector<std::vector<Action>> ranks = program.actions.ranks;
  for (std::vector<Action>& actions : ranks) {
    std::erase_if(actions, [](const Action& action) {
      return action.op != Op::kUnshard && action.op != Op::kReshard;
    });
  }
  return ranks;
}

}  // namespace

TEST_CASE("An evaluation runs forwards and their messages alone") {
  const Schedule training = generate("1f1b", 2, 1, 4);
  CHECK(evaluation_program(training, 2, {}).actions.ranks == actions_of(R"(
    0F0 0SEND_F0 0F1 0SEND_F1
    1RECV_F0 1RECV_F1 1F0 1F1
  )"));
}

TEST_CASE("Replicas gather in one order, however many microbatches each has") {
  for (const std::string& name : schedule_names()) {
    CAPTURE(name);
    const Schedule training = generate(name, 2, default_virtual_stages(name), 4);
    const Program none = evaluation_program(training, 0, {.shards_parameters = true});
    CHECK(!none.actions.ranks[0].empty());
    CHECK(gathers(none) == none.actions.ranks);
    for (const int microbatches : {1, 2, 5}) {
      const Program some = evaluation_program(training, microbatches, {.shards_parameters = true});
      CHECK_NOTHROW(validate(some.actions, /*forward_only=*/true));
      CHECK(gathers(some) == none.actions.ranks);
    }
  }
}
