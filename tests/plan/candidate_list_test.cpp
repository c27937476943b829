#include "plan/candidate_list.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "made_up.h"

using namespace pipetrain;

namespace {

std::vector<BoundedCandidate> candidates_of(const PlanInputs& inputs, const PlanRequest& request) {
  Predictor predictor(inputs);
  return all_candidates(inputs, request, predictor);
}

bool has_slices(const std::vector<BoundedCandidate>& all, const std::string& schedule, int slices) {
  return std::ranges::any_of(all, [&](const BoundedCandidate& each) {
    return each.candidate.schedule == schedule && each.candidate.slices == slices;
  });
}

}  // namespace

TEST_CASE("Candidates of the configured sizes come first, then the least that a step can take") {
  const std::vector<BoundedCandidate> all = candidates_of(MadeUp{}.inputs(), request(4, 1 << 30));
  REQUIRE(all.size() > 50);
  CHECK(all.front().configured_size);
  CHECK_FALSE(all.back().configured_size);
  for (std::size_t i = 1; i < all.size(); ++i) {
    CHECK((all[i - 1].configured_size || !all[i].configured_size));
    if (all[i - 1].configured_size != all[i].configured_size) continue;
    CHECK(all[i - 1].least_seconds <= all[i].least_seconds);
  }
  for (const BoundedCandidate& each : all) {
    if (!each.configured_size) continue;
    CHECK(each.candidate.pipeline == 4);
    CHECK(each.candidate.microbatches == 4);
  }
}

TEST_CASE("Each schedule that takes slices is listed with those that were measured, and whole") {
  PlanInputs inputs = MadeUp{}.inputs();
  PlanRequest asked = request(4, 1 << 30);
  asked.slices = {2, 4};
  inputs.kept_for_slices = {Recompute::kNone};
  inputs.sliced[{ModelForm{}, 4}].assign(4, inputs.model);
  const std::vector<BoundedCandidate> all = candidates_of(inputs, asked);
  for (const ScheduleKind& kind : schedule_kinds()) {
    const std::string name(kind.name);
    INFO(name);
    CHECK(has_slices(all, name, 1));
    CHECK_FALSE(has_slices(all, name, 2));  // not measured
    CHECK(has_slices(all, name, 4) == kind.takes_slices);
  }
  for (const BoundedCandidate& each : all) {
    const Candidate& c = each.candidate;
    if (c.slices == 1) continue;
    CHECK(c.recompute == Recompute::kNone);
    CHECK(c.shard != Shard::kParameters);
    CHECK(c.pipeline > 1);
    // Four slices that each take as long as the whole.
    if (c.data == 1) CHECK(each.least_seconds == Approx(4 * 8 * 3 * 16 / c.pipeline));
  }
}

TEST_CASE("Where the vocabulary is over the pipeline, the head is not cut") {
  const PlanInputs inputs = MadeUp{}.inputs();
  CHECK(cut_layers(inputs, {}) == 8);
  CHECK(cut_layers(inputs, {.vocabulary = VocabularyPlace::kParallel}) == 7);
}
