#include "schedule/search/vocabulary_search.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/search/vocabulary.h"
#include "schedule/validate.h"

using namespace pipetrain;

namespace {

Costs costs_of(int ranks, int stages, const PieceCost& piece) {
  Costs costs{std::vector<StageCost>(static_cast<std::size_t>(stages), {1, 1.2, 0.9}), 0.05};
  costs.stages.front().forward = 1.5;
  costs.pieces.assign(static_cast<std::size_t>(ranks), piece);
  return costs;
}

double most_live(const Timeline& timeline) {
  return *std::ranges::max_element(timeline.peak_live_microbatches);
}

}  // namespace

TEST_CASE("Auto with the vocabulary over the pipeline is as fast as any named schedule") {
  const auto place = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  const int more = place == VocabularyPlace::kVocab1 ? 2 : 1;
  for (const auto& [ranks, v, m] : {std::array{2, 1, 4}, {4, 1, 8}, {4, 2, 8}, {3, 2, 7}}) {
    for (const PieceCost piece : {PieceCost{1, 0.5}, PieceCost{0.2, 0.1}, PieceCost{0, 0}}) {
      CAPTURE(ranks, v, m, piece.forward);
      const Costs costs = costs_of(ranks, v * ranks, piece);
      const AutoOptions options{.effort = 1e6, .vocabulary = place};
      const Schedule found = auto_schedule(ranks, m, costs, options);
      CHECK_NOTHROW(validate(found));
      CHECK(found.vocabulary == place);
      CHECK(accumulates_in_ascending_order(found));
      const Timeline timeline = simulate(found, costs);
      CHECK(most_live(timeline) <= ranks + more);
      AutoOptions placed = options;
      placed.placement = found.placement;
      CHECK(least_makespan(ranks, m, costs, placed) <= timeline.makespan() * (1 + 1e-9));
      for (const std::string& name : vocabulary_schedules()) {
        if (why_not(name, ranks, v, m)) continue;
        CAPTURE(name);
        CHECK(timeline.makespan() <=
              simulate(with_vocabulary(generate(name, ranks, v, m), place), costs).makespan() *
                  (1 + 1e-9));
      }
    }
  }
}

TEST_CASE("Auto keeps to a limit on live microbatches with the vocabulary over the pipeline") {
  const auto place = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  const Costs costs = costs_of(4, 4, {1, 0.5});
  double last = 1e9;
  for (const double limit : {1, 2, 3, 5}) {
    const Schedule found = auto_schedule(
        4, 8, costs, {.live_microbatches = limit, .effort = 1e6, .vocabulary = place});
    const Timeline timeline = simulate(found, costs);
    CHECK(most_live(timeline) <= limit);
    CHECK(timeline.makespan() <= last);
    last = timeline.makespan();
  }
}
