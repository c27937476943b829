#include "schedule/validate.h"

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"

using namespace pipetrain;

namespace {

std::string refusal(const Schedule& schedule) {
  try {
    validate(schedule);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what() + (error.detail().empty() ? "" : "\n" + error.detail());
  }
  return "";
}

std::string refusal(int microbatches, int virtual_stages, const std::string& drawing) {
  const auto ranks = actions_of(drawing);
  const int p = static_cast<int>(ranks.size());
  return refusal({Placement::loop(p, virtual_stages), microbatches, ranks});
}

}  // namespace

TEST_CASE("A complete, ordered schedule passes, lowered or not") {
  CHECK(refusal(2, 1, "0F0 0F1 0B0 0I1 0W1 \n 1F0 1I0 1F1 1W0 1B1") == "");
  CHECK_NOTHROW(validate(lower(generate("1f1b", 3, 1, 5))));
}

TEST_CASE("A wrong schedule is refused with the wrong action marked") {
  CHECK(refusal(2, 1, "0F0 0F1 0B0 0B1 \n 1F0 1W0 1I0 1F1 1B1") ==
        "schedule: rank 1, action 2: 1W0 comes before 1I0\n"
        "  rank 0: 0F0  0F1  0B0  0B1\n"
        "  rank 1: 1F0 >1W0< 1I0  1F1  1B1");
  CHECK(refusal(2, 1, "0F0 0F1 0B0 \n 1F0 1B0 1F1 1B1") ==
        "schedule: rank 0: 0I1 (or 0B1) is missing\n"
        "  rank 0: 0F0  0F1  0B0  > missing <\n"
        "  rank 1: 1F0  1B0  1F1  1B1");
  CHECK(refusal(1, 1, "0F0 0B0 0F0 \n 1F0 1B0").find("0F0 comes twice") != std::string::npos);
  CHECK(refusal(1, 1, "0F0 0I0 0B0 \n 1F0 1B0").find("0B0 comes twice") != std::string::npos);
  CHECK(refusal(1, 1, "0F0 0B0 \n 1B0 1F0").find("1B0 comes before 1F0") != std::string::npos);
  CHECK(refusal(1, 1, "0F0 1F0 0B0 \n 1F0 1B0").find("on a stage of rank 1") != std::string::npos);
  CHECK(refusal(1, 1, "0F0 0F1 0B0 \n 1F0 1B0").find("beyond the last") != std::string::npos);
  CHECK(refusal(1, 1, "0F0 0I0 \n 1F0 1B0").find("0W0 is missing") != std::string::npos);
}

TEST_CASE(
    "Slices go forward in their order and back from the last, on one rank and from rank to rank") {
  const auto of_slices = [](const std::string& drawing) {
    const auto ranks = actions_of(drawing);
    return refusal({Placement::loop(static_cast<int>(ranks.size()), 1), 1, ranks, 2});
  };
  CHECK(of_slices("0F0 0F0.1 0B0.1 0B0 \n 1F0 1F0.1 1I0.1 1I0 1W0.1 1W0") == "");
  CHECK(of_slices("0F0.1 0F0 0B0.1 0B0 \n 1F0 1F0.1 1B0.1 1B0")
            .starts_with("schedule: rank 0, action 1: 0F0.1 comes before 0F0\n"));
  CHECK(of_slices("0F0 0F0.1 0B0.1 0B0 \n 1F0 1F0.1 1B0 1B0.1")
            .starts_with("schedule: rank 1, action 3: 1B0 comes before 1I0.1\n"));
  CHECK(
      of_slices("0F0 0F0.1 0B0 \n 1F0 1F0.1 1B0.1 1B0").starts_with("schedule: rank 0, action 3"));
  CHECK(of_slices("0F0 0F0.1 0B0.1 0B0 \n 1F0 1F0.1 1B0.1")
            .starts_with("schedule: rank 1: 1I0 (or 1B0) is missing\n"));
  CHECK(of_slices("0F0 0F0.1 0F0.2 0B0.1 0B0 \n 1F0 1F0.1 1B0.1 1B0")
            .find("0F0.2 names a slice beyond the last, 1") != std::string::npos);
  CHECK_NOTHROW(validate(lower(generate("1f1b", 3, 1, 2, 4))));
}

TEST_CASE("A deadlock names the ring of ranks that wait for each other") {
  CHECK(refusal(2, 1, "0F0 0B0 0F1 0B1 \n 1F1 1F0 1B0 1B1") ==
        "schedule: rank 0, action 2: deadlock: 0B0 waits for 1I0 of rank 1, rank 1: 1F1 waits for "
        "0F1 of "
        "rank 0\n"
        "  rank 0: 0F0 >0B0< 0F1  0B1\n"
        "  rank 1: 1F1  1F0  1B0  1B1");
  CHECK(refusal(1, 2, "1F0 0F0 1B0 0B0").find("1F0 waits for 0F0 of rank 0") != std::string::npos);
}

TEST_CASE("A long schedule is shown around its wrong action") {
  Schedule schedule = generate("1f1b", 4, 1, 64);
  std::swap(schedule.ranks[3][100], schedule.ranks[3][101]);
  const std::string message = refusal(schedule);
  CHECK(message.find("rank 3: ... 3B46  3F47  3B47  3F48  3B48  3F49  3B49 >3B50< 3F50") !=
        std::string::npos);
  CHECK(message.find("0F0") == std::string::npos);
}

TEST_CASE("Of two copies of a stage each takes its half of the microbatches, and no other") {
  const auto both = [](std::vector<std::vector<Action>> ranks) {
    return Schedule{Placement::loop_both_ways(2), 2, std::move(ranks)};
  };
  const Schedule right = both(
      {{{Op::kForward, 0, 0}, {Op::kForward, 1, 1}, {Op::kBackward, 1, 1}, {Op::kBackward, 0, 0}},
       {{Op::kForward, 0, 1}, {Op::kForward, 1, 0}, {Op::kBackward, 1, 0}, {Op::kBackward, 0, 1}}});
  CHECK(refusal(right) == "");
  Schedule wrong = right;
  wrong.ranks[0][1] = {Op::kForward, 1, 0};
  CHECK(refusal(wrong).starts_with(
      "schedule: rank 0, action 2: 1F0 is of the half of the microbatches that passes through the "
      "copy of stage 1 on rank 1"));
  wrong = right;
  wrong.ranks[1].pop_back();
  CHECK(refusal(wrong).find("0I1 (or 0B1) is missing") != std::string::npos);
}

namespace {

std::string refusal_with_vocabulary(const std::string& drawing,
                                    VocabularyPlace vocabulary = VocabularyPlace::kParallel) {
  const auto ranks = actions_of(drawing);
  return refusal({.placement = Placement::loop(static_cast<int>(ranks.size())),
                  .microbatches = 1,
                  .ranks = ranks,
                  .vocabulary = vocabulary});
}

}  // namespace

TEST_CASE("With the vocabulary over the pipeline every rank has S and T, of its own piece") {
  CHECK(refusal_with_vocabulary("0F0 0S0 0B0 0T0 \n 1F0 1S0 1B0 1T0") == "");
  const auto refused = [](const std::string& drawing, const std::string& why) {
    INFO(drawing);
    CHECK(refusal_with_vocabulary(drawing).find(why) != std::string::npos);
  };
  refused("0F0 0B0 0T0 \n 1F0 1S0 1B0 1T0", "rank 0, action 3: 0T0 comes before 0S0");
  refused("0F0 0S0 0B0 \n 1F0 1S0 1B0 1T0", "0T0 is missing: with the vocabulary over");
  refused("0F0 1S0 0B0 0T0 \n 1F0 1S0 1B0 1T0", "1S0 is of another rank's piece");
  refused("0F0 0S0 0S0 0B0 0T0 \n 1F0 1S0 1B0 1T0", "0S0 comes twice");
  refused("0F0 0S1 0B0 0T0 \n 1F0 1S0 1B0 1T0", "0S1 names a microbatch beyond the last, 0");
  refused("0F0 0S0 0B0 0T0 \n 1F0 1S0 1T0 1B0", "deadlock: 1T0 waits for 1I0 of rank 1");
  refused("0F0 0B0 0S0 0T0 \n 1F0 1S0 1B0 1T0",
          "deadlock: 0B0 waits for 1I0 of rank 1, rank 1: 1B0 waits for 0S0 of rank 0");
}

TEST_CASE("Where pieces wait twice, T needs every S and the last stage's I every T") {
  const auto refused = [](const std::string& drawing) {
    return refusal_with_vocabulary(drawing, VocabularyPlace::kVocab1);
  };
  CHECK(refused("0F0 0S0 0T0 0B0 \n 1F0 1S0 1T0 1B0") == "");
  CHECK(refused("0F0 0S0 0T0 0B0 \n 1F0 1T0 1S0 1B0").find("1T0 comes before 1S0") !=
        std::string::npos);
  CHECK(refused("0F0 0S0 0B0 0T0 \n 1F0 1S0 1T0 1B0")
            .find("deadlock: 0B0 waits for 1I0 of rank 1, rank 1: 1B0 waits for 0T0 of rank 0") !=
        std::string::npos);
  CHECK(
      refused("0F0 0S0 0T0 0B0 \n 1F0 1S0 1B0 1T0").find("deadlock: 1B0 waits for 1T0 of rank 1") !=
      std::string::npos);
  CHECK(refused("0F0 0S0 0B0 \n 1F0 1S0 1T0 1B0").find("0T0 is missing") != std::string::npos);
}
