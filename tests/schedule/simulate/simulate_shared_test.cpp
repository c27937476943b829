#include "schedule/simulate/simulate_shared.h"

#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "schedule/search/vocabulary.h"
#include "schedule/shard_actions.h"

using namespace pipetrain;

namespace {

double total(const Timeline& timeline) {
  double sum = 0;
  for (std::size_t rank = 0; rank < timeline.ranks.size(); ++rank) {
    sum += timeline.busy(static_cast<int>(rank));
  }
  return sum;
}

Costs uneven_costs(const Schedule& schedule, double message) {
  Costs costs = equal_costs(schedule, 1, 1.5, 0.75, message);
  for (std::size_t s = 0; s < costs.stages.size(); ++s) {
    costs.stages[s].forward += 0.25 * static_cast<double>(s % 3);
  }
  return costs;
}

}  // namespace

TEST_CASE("With a core for each rank the shared cores give the plain simulation") {
  for (const std::string& name : schedule_names()) {
    for (const double message : {0.0, 0.125}) {
      for (const BackwardSends sends :
           {BackwardSends::kGradientsFirst, BackwardSends::kAfterBackward}) {
        for (const int way : {0, 1, 2}) {  // plain, recomputed, with gathered weights
          INFO(name << ", message " << message << ", way " << way);
          const Schedule schedule = generate(name, 4, default_virtual_stages(name), 8);
          Costs costs = uneven_costs(schedule, message);
          const std::vector<bool> all(costs.stages.size(), true);
          for (StageCost& stage : costs.stages) {
            if (way == 1) stage.recompute = 0.5;
            if (way == 2) stage.gather = 0.375;
          }
          Schedule listed = schedule;
          if (way == 1) listed = add_recompute(schedule, all);
          if (way == 2) listed = add_shard_actions(schedule);
          const bool as_it_runs = sends == BackwardSends::kGradientsFirst;
          const Timeline plain = simulate(as_it_runs ? schedule : listed, costs, sends);
          costs.cores = 4;
          const Timeline shared = simulate_shared(listed, costs, sends);
          CHECK(shared.peak_live_microbatches == plain.peak_live_microbatches);
          for (std::size_t rank = 0; rank < 4; ++rank) {
            REQUIRE(shared.ranks[rank].size() == plain.ranks[rank].size());
            for (std::size_t i = 0; i < plain.ranks[rank].size(); ++i) {
              const Span &found = shared.ranks[rank][i], &expected = plain.ranks[rank][i];
              CHECK(found.action == expected.action);
              CHECK(found.waiting == expected.waiting);
              CHECK(found.start == Approx(expected.start));
              CHECK(found.end == Approx(expected.end));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("One core is never idle: a step takes all ranks' work, whatever the schedule") {
  for (const char* name : {"gpipe", "1f1b", "zb-h1", "zbv"}) {
    const Schedule schedule = generate(name, 4, default_virtual_stages(name), 8);
    Costs costs = uneven_costs(schedule, 0);
    const double work = total(simulate(schedule, costs));
    costs.cores = 1;
    INFO(name);
    CHECK(simulate(schedule, costs).makespan() == Approx(work));
  }
}

// Two ranks on one core and a half. Rank 0's F0 runs alone, at full speed, until 1; F1 and the
// other rank's F0 together, at 3/4 each, until 1 + 4/3; then each of rank 1's alone.
TEST_CASE("Ranks that work at once get an equal part of the cores, and one that waits none") {
  const Schedule schedule = generate_forward_only(Placement::loop(2, 1), 2);
  Costs costs = equal_costs(schedule, 1, 0, 0);
  costs.cores = 1.5;
  const Timeline timeline = simulate(schedule, costs);
  const double first = 1, second = 1 + 4.0 / 3;
  CHECK(timeline.ranks[0][0].end == Approx(first));
  CHECK(timeline.ranks[0][1].end == Approx(second));
  CHECK(timeline.ranks[1][0].waiting);
  CHECK(timeline.ranks[1][1].start == Approx(first));
  CHECK(timeline.ranks[1][1].end == Approx(second));
  CHECK(timeline.makespan() == Approx(second + 1));
}

TEST_CASE("Fewer cores never make a step shorter than the work on them, nor longer than in turn") {
  const Schedule schedule = generate("1f1b", 4, 1, 8);
  Costs costs = uneven_costs(schedule, 0.1);
  const Timeline own = simulate(schedule, costs);
  for (const double cores : {1.0, 2.0, 3.0}) {
    costs.cores = cores;
    const Timeline shared = simulate(schedule, costs);
    CHECK(shared.makespan() >= total(own) / cores);
    CHECK(shared.makespan() >= own.makespan());
    CHECK(shared.makespan() <= own.makespan() * 4 / cores + 1e-9);
    CHECK(shared.peak_live_microbatches == own.peak_live_microbatches);
  }
}

// A rank alone on its core: half of a T is left when its part of the gradient leaves.
TEST_CASE("Pieces of the vocabulary take the same time on cores of their own as without sharing") {
  for (const VocabularyPlace place : {VocabularyPlace::kParallel, VocabularyPlace::kVocab1}) {
    for (const char* name : {"1f1b", "zb-h1", "zbv"}) {
      CAPTURE(name_of(kVocabularyPlaces, place), name);
      const Schedule schedule =
          with_vocabulary(generate(name, 3, default_virtual_stages(name), 7), place);
      Costs costs = uneven_costs(schedule, 0.1);
      costs.pieces.assign(3, {0.7, 1.2});
      const Timeline plain = simulate(schedule, costs);
      costs.cores = 2.9999999;  // followed in order of time
      const Timeline shared = simulate(schedule, costs);
      REQUIRE(shared.ranks.size() == plain.ranks.size());
      CHECK(shared.makespan() == Approx(plain.makespan()).epsilon(1e-6));
      for (std::size_t rank = 0; rank < plain.ranks.size(); ++rank) {
        std::vector<Span> found = shared.ranks[rank], expected = plain.ranks[rank];
        for (auto* spans : {&found, &expected}) {
          std::erase_if(*spans, [](const Span& span) { return span.waiting; });
        }
        REQUIRE(found.size() == expected.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
          CHECK(found[i].action == expected[i].action);
          CHECK(found[i].end == Approx(expected[i].end).epsilon(1e-6));
        }
      }
    }
  }
}
