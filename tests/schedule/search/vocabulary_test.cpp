#include "schedule/search/vocabulary.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/simulate.h"
#include "schedule/validate.h"

using namespace pipetrain;

namespace {

Costs costs_of(const Schedule& schedule, const PieceCost& piece = {1, 1}) {
  Costs costs = equal_costs(schedule, 1, 1, 1);
  costs.pieces.assign(schedule.ranks.size(), piece);
  return costs;
}

Schedule made(const std::string& name, int ranks, int microbatches,
              VocabularyPlace place = VocabularyPlace::kParallel) {
  return with_vocabulary(generate(name, ranks, default_virtual_stages(name), microbatches), place);
}

constexpr VocabularyPlace kBoth[] = {VocabularyPlace::kParallel, VocabularyPlace::kVocab1};

}  // namespace

// One more microbatch under way than 1F1B has, so that rank 1's F1 hides the wait for rank 0's S0.
TEST_CASE("1F1B with the vocabulary over the pipeline looks as it is drawn") {
  const Schedule schedule = made("1f1b", 2, 3);
  const Timeline timeline = simulate(schedule, costs_of(schedule), BackwardSends::kGradientsFirst);
  CHECK(draw_row(timeline.ranks[0], 3, false) ==
        "F0 F1 F2 S0 S1    I0 W0 S2 T0    I1 W1 I2 W2 T1 T2");
  CHECK(draw_row(timeline.ranks[1], 3, false) == "   F0 S0 F1 S1 I0 W0 F2 S2 T0 I1 W1 I2 W2 T1 T2");
}

TEST_CASE("Every size has the vocabulary over the pipeline, complete and without deadlock") {
  for (const VocabularyPlace place : kBoth) {
    for (const std::string& name : vocabulary_schedules()) {
      for (int ranks = 1; ranks <= 9; ++ranks) {
        for (int m = 1; m <= 3 * ranks + 3; ++m) {
          CAPTURE(name_of(kVocabularyPlaces, place), name, ranks, m);
          const Schedule schedule = made(name, ranks, m, place);
          CHECK(schedule.vocabulary == place);
          CHECK(vocabulary_in(schedule) == place);
          CHECK_NOTHROW(validate(schedule));
          CHECK(accumulates_in_ascending_order(schedule));
        }
      }
    }
  }
}

// Two more than 1F1B has: F1, F2 and F3 hide the waits for S0 and for T0 of the other rank.
TEST_CASE("1F1B with two waits has T before I, and looks as it is drawn") {
  const Schedule schedule = made("1f1b", 2, 4, VocabularyPlace::kVocab1);
  const Timeline timeline = simulate(schedule, costs_of(schedule), BackwardSends::kGradientsFirst);
  CHECK(draw_row(timeline.ranks[0], 3, false) ==
        "F0 F1 F2 S0 F3 S1 T0 T1 S2 T2 I0 W0 S3 T3    I1 W1 I2 W2    I3 W3");
  CHECK(draw_row(timeline.ranks[1], 3, false) ==
        "   F0 S0 F1 S1 T0 F2 S2 T1 I0 W0 F3 S3 T2 I1 W1 I2 W2 T3 I3 W3");
}

// Arxiv 2411.05288, table 1: Vocab-2 adds the activations of one microbatch to 1F1B's p, Vocab-1 of
// two. The backward of one of two stages that is put off may pull a forward of the other one with
// it, half a microbatch, before anything of it goes back.
TEST_CASE("The vocabulary over the pipeline keeps one microbatch more for each wait") {
  const auto place = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  for (const std::string& name : vocabulary_schedules()) {
    const double more = usual_rule(place).ahead + (name == "v-half" ? 0.5 : 0);
    for (int ranks = 2; ranks <= 8; ++ranks) {
      for (const int m : {ranks, 2 * ranks, 3 * ranks + 1}) {
        CAPTURE(name, ranks, m);
        const Schedule whole = generate(name, ranks, default_virtual_stages(name), m);
        const Timeline before = simulate(whole, costs_of(whole));
        const Timeline after = simulate(made(name, ranks, m, place), costs_of(whole));
        for (std::size_t rank = 0; rank < before.peak_live_microbatches.size(); ++rank) {
          CHECK(after.peak_live_microbatches[rank] <= before.peak_live_microbatches[rank] + more);
        }
      }
    }
  }
}

// The same section: what is left over is the way of the first microbatch and of the last one, as
// without a head, and a pass or two of the pieces.
TEST_CASE("The pieces' passes hide behind other work") {
  const auto place = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  for (const std::string& name : vocabulary_schedules()) {
    for (const int ranks : {4, 8}) {
      CAPTURE(name, ranks);
      const int m = 4 * ranks;
      const Schedule whole = generate(name, ranks, default_virtual_stages(name), m);
      const double before = simulate(whole, costs_of(whole)).makespan() - 3 * m;
      const double after =
          simulate(made(name, ranks, m, place), costs_of(whole)).makespan() - 5 * m;
      const int waits = usual_rule(place).ahead;
      CHECK(after <= before + 3.5 + waits / 2.0);
    }
  }
}

TEST_CASE("Rules say how far ahead ranks run and when T comes") {
  const Schedule whole = generate("1f1b", 4, 1, 8);
  const Costs costs = costs_of(whole, {2, 0.5});
  for (const int ahead : {0, 1, 2}) {
    const auto schedule = with_vocabulary(whole, costs, {.ahead = ahead});
    REQUIRE(schedule);
    CHECK_NOTHROW(validate(*schedule));
    CHECK(simulate(*schedule, costs).peak_live_microbatches.front() == 4 + ahead);
  }
  const auto most_waiting = [&](int kept) {  // S without T, on any rank
    const auto schedule = with_vocabulary(whole, costs, {.patience = 1, .kept = kept});
    int most = 0;
    for (const auto& actions : schedule.value().ranks) {
      int now = 0;
      for (const Action& action : actions) {
        now += action.op == Op::kVocabularyForward ? 1 : 0;
        now -= action.op == Op::kVocabularyBackward ? 1 : 0;
        most = std::max(most, now);
      }
    }
    return most;
  };
  CHECK(most_waiting(1) < most_waiting(8));
}

TEST_CASE("Other schedules say that they have no form with the vocabulary over the pipeline") {
  CHECK(!why_no_vocabulary("1f1b"));
  CHECK(!why_no_vocabulary("auto"));
  CHECK(why_no_vocabulary("interleaved").value_or("") ==
        "schedule interleaved has no form with the vocabulary over the pipeline; take 1f1b, zb-h1, "
        "zbv, v-half or auto, or leave the vocabulary whole");
}
