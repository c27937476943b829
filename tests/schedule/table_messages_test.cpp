#include "schedule/table_messages.h"

#include <string>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/generate.h"
#include "schedule/program.h"

using namespace pipetrain;

namespace {

// Of two stages on two ranks and one microbatch: "rank 1, 0: 1RECV_F0 ...", or nothing.
std::string fault(const std::string& rows) {
  const Schedule schedule = generate("1f1b", 2, 1, 1);
  const auto found = message_fault(schedule, actions_of(rows));
  if (!found) return "";
  return "rank " + std::to_string(found->rank) + ", " + std::to_string(found->position) + ": " +
         found->why;
}

}  // namespace

TEST_CASE("What ranks execute has the communication of its computation") {
  for (const std::string& name : schedule_names()) {
    const Schedule schedule = generate(name, 4, default_virtual_stages(name), 8);
    for (const bool sharded : {false, true}) {
      const Program program = program_of(schedule, {.shards_parameters = sharded});
      INFO(name << (sharded ? ", sharded" : ""));
      // Gathers are dropped and made again between a stage's actions.
      CHECK(!message_fault(schedule, program.actions.ranks));
    }
    CHECK(!message_fault(schedule, schedule.ranks));
  }
}

TEST_CASE("A message stands after what makes it and before what needs it") {
  const std::string one = "1RECV_F0 1F0 1B0 1SEND_B0";
  CHECK(fault("0F0 0SEND_F0 0RECV_B0 0B0\n" + one) == "");
  CHECK(fault("0SEND_F0 0F0 0RECV_B0 0B0\n" + one) ==
        "rank 0, 0: 0SEND_F0 comes before 0F0, whose result it sends");
  CHECK(fault("0F0 0SEND_F0 0B0 0RECV_B0\n" + one) ==
        "rank 0, 3: 0RECV_B0 comes after 0I0, which needs it");
  CHECK(fault("0F0 0SEND_F0 0SEND_F0 0RECV_B0 0B0\n" + one) == "rank 0, 2: 0SEND_F0 comes twice");
  CHECK(fault("0F0 0RECV_B0 0B0\n" + one) ==
        "rank 0, 0: 0F0 lacks 0SEND_F0: stage 1 is on another rank");
  CHECK(fault("0F0 0SEND_F0 0RECV_B0 0B0\n1F0 1B0 1SEND_B0") ==
        "rank 1, 0: 1F0 lacks 1RECV_F0: stage 0 is on another rank");
  CHECK(fault("0F0 0SEND_F0 0RECV_B0 0B0 0SEND_B0\n" + one) ==
        "rank 0, 4: 0SEND_B0 has no stage to send to: 0 is the first");
  CHECK(fault("0F0 0SEND_F0 0RECV_B0 0B0\n1RECV_F0 1RECV_B0 1F0 1B0 1SEND_B0") ==
        "rank 1, 1: 1RECV_B0 has no stage to receive from: 1 is the last");
  CHECK(fault("0RECV_F0 0F0 0SEND_F0 0RECV_B0 0B0\n" + one) ==
        "rank 0, 0: 0RECV_F0 has no stage to receive from: 0 is the first");
  CHECK(fault("0F0 0SEND_F0 0RECV_B0 0B0\n1RECV_F0 1F0 1SEND_F0 1B0 1SEND_B0") ==
        "rank 1, 2: 1SEND_F0 has no stage to send to: 1 is the last");
}

TEST_CASE("Reductions come last, gathers hold what computes") {
  CHECK(fault("0UNSHARD 0F0 0B0 0REDUCE_GRAD 0RESHARD\n1F0 1B0 1REDUCE_GRAD") == "");
  CHECK(fault("0F0 0REDUCE_GRAD 0B0\n1F0 1B0") ==
        "rank 0, 1: 0REDUCE_GRAD comes before the last backward of stage 0");
  CHECK(fault("0F0 0B0 0REDUCE_GRAD 0REDUCE_GRAD\n1F0 1B0") ==
        "rank 0, 3: 0REDUCE_GRAD comes twice");
  CHECK(fault("0F0 0B0 0REDUCE_GRAD\n1F0 1B0") ==
        "rank 1, 0: stage 1 has no 1REDUCE_GRAD, but others have theirs");
  CHECK(fault("0F0 0UNSHARD 0B0\n1F0 1B0") ==
        "rank 0, 0: 0F0 stands outside of 0UNSHARD and 0RESHARD");
  CHECK(fault("0UNSHARD 0F0 0RESHARD 0B0\n1F0 1B0") ==
        "rank 0, 3: 0B0 stands outside of 0UNSHARD and 0RESHARD");
  CHECK(fault("0F0 0B0 0RESHARD\n1F0 1B0") == "rank 0, 2: 0RESHARD comes without 0UNSHARD");
  CHECK(fault("0UNSHARD 0UNSHARD 0F0 0B0\n1F0 1B0") ==
        "rank 0, 1: 0UNSHARD comes twice, with no 0RESHARD between");
}
