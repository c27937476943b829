#include "plan/candidate_list.h"

#include <algorithm>
#include <string>
#include <utility>

#include "plan/candidate_network.h"
#include "plan/grid_sizes.h"
#include "plan/sliced_profile.h"
#include "schedule/generate/generate.h"

namespace pipetrain {
namespace {

class CandidateList {
 public:
  CandidateList(const PlanInputs& inputs, const PlanRequest& request, Predictor& predictor)
      : inputs_(inputs), request_(request), predictor_(predictor) {}

  std::vector<BoundedCandidate> make() {
    for (const ModelForm& form : inputs_.forms()) {
      Candidate candidate = request_.configured;
      candidate.tensor = form.tensor;
      candidate.precision = form.precision;
      const int layers = static_cast<int>(inputs_.model.layers.size());
      for (const auto& [data, p] :
           grids({request_.ranks, form.tensor, inputs_.batch_rows, layers})) {
        candidate.data = data;
        candidate.pipeline = p;
        add_sizes(candidate);
      }
    }
    std::ranges::stable_sort(all_, [](const BoundedCandidate& a, const BoundedCandidate& b) {
      return std::pair(!a.configured_size, a.least_seconds) <
             std::pair(!b.configured_size, b.least_seconds);
    });
    return std::move(all_);
  }

 private:
  // All that go with the candidate's grid and precision.
  void add_sizes(Candidate candidate) {
    const int rows = inputs_.batch_rows / candidate.data;
    const bool delayed = inputs_.versions > 1;  // such a run refuses what is left out here
    for (const int m : microbatch_counts(request_.configured, candidate.pipeline, rows)) {
      if (delayed && m < candidate.pipeline) continue;
      for (const auto& [recompute, layers] : inputs_.recomputed) {
        for (const auto& shard : kShards) {
          if (candidate.data == 1 && shard.value != Shard::kNone) continue;
          if ((delayed || inputs_.post_validation) && shard.value == Shard::kParameters) continue;
          candidate.microbatches = m;
          candidate.recompute = recompute;
          candidate.shard = shard.value;
          for (const std::string& schedule : schedule_names()) {
            candidate.schedule = schedule;
            add_forms(candidate);
          }
        }
      }
    }
  }

  // The schedule with all that may be cut or not.
  void add_forms(Candidate candidate) {
    candidate.vocabulary = VocabularyPlace::kWhole;
    candidate.slices = 1;
    add(candidate);
    for (const int slices : request_.slices) {
      candidate.slices = slices;
      if (candidate.pipeline > 1 && may_have_slices(inputs_, candidate)) add(candidate);
    }
    candidate.slices = 1;
    if (!request_.pieces || !candidate.may_have_pieces()) return;
    for (const auto& place : kVocabularyPlaces) {
      candidate.vocabulary = place.value;
      if (candidate.cuts_vocabulary()) add(candidate);
    }
  }

  void add(Candidate candidate) {
    const std::string& schedule = candidate.schedule;
    if (candidate.pipeline == 1 && schedule != kPlainSchedule) return;  // all are the same
    if (copies_of(schedule) > 1 && !may_have_copies(inputs_, candidate)) return;
    for (const int v : {1, 2, 4}) {
      candidate.virtual_stages = v;
      const bool other_name = v < default_virtual_stages(schedule);  // interleaved of one is 1F1B
      const bool too_many = candidate.pipeline * v > cut_layers(inputs_, candidate);
      if (too_many || other_name || !exists_with(schedule, v, candidate.slices)) continue;
      Candidate own = request_.configured;
      own.schedule = schedule;
      own.virtual_stages = default_virtual_stages(schedule);
      own.slices = candidate.slices;
      all_.push_back({candidate, predictor_.least_seconds(candidate), candidate == own});
    }
  }

  const PlanInputs& inputs_;
  const PlanRequest& request_;
  Predictor& predictor_;
  std::vector<BoundedCandidate> all_;
};

}  // namespace

std::vector<BoundedCandidate> all_candidates(const PlanInputs& inputs, const PlanRequest& request,
                                             Predictor& predictor) {
  return CandidateList(inputs, request, predictor).make();
}

int cut_layers(const PlanInputs& inputs, const Candidate& candidate) {
  return static_cast<int>(inputs.model.layers.size()) - (candidate.cuts_vocabulary() ? 1 : 0);
}

}  // namespace pipetrain
