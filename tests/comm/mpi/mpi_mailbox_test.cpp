// How messages are named in MPI's tags; tests/mpi/mailbox_test.cpp sends them.
#include "comm/mpi/mpi_mailbox.h"

#include <set>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "comm/error_text.h"

using namespace pipetrain;

TEST_CASE("Messages of a rank that differ in stage, microbatch or parity have different tags") {
  constexpr int kRanks = 3, kStages = 2, kMicrobatches = 5;
  std::set<int> tags;
  for (int parity = 0; parity < kParities; ++parity) {
    for (int stage = 1; stage < kRanks * kStages; stage += kRanks) {  // those of rank 1
      for (int microbatch = 0; microbatch < kMicrobatches; ++microbatch) {
        tags.insert(
            tag_of({Channel::kActivation, 0, stage, microbatch, parity}, {kRanks, kStages}));
      }
    }
  }
  CHECK(tags.size() == kParities * kStages * kMicrobatches);
}

TEST_CASE("The largest name that fits has a tag that every MPI has") {
  constexpr int kRanks = 4, kStages = 3;
  const int last = microbatches_in_tag({kRanks, kStages}) - 1;
  const int tag =
      tag_of({Channel::kGradient, 0, kRanks * kStages - 1, last, kParities - 1}, {kRanks, kStages});
  CHECK(tag <= 32767);
  CHECK(tag > 32000);
}

TEST_CASE("A message that does not fit into a tag is refused with the limit") {
  const auto refused = [](int stage, int microbatch) {
    const Message message{Channel::kActivation, 1, stage, microbatch, 0};
    return error_text(ExitCode::kConfiguration, [&] { tag_of(message, {4, 2}); })
        .starts_with(text_of(message) +
                     " cannot be named: with 2 stages per rank at most 4096 microbatches fit");
  };
  CHECK(refused(0, 4096));
  CHECK(refused(8, 0));
  CHECK(refused(0, -1));
  CHECK(refused(-1, 0));
}
