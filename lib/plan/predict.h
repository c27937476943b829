// From a candidate to its predicted step and memory: cuts the model, simulates the schedule, adds
// what a step takes beside it. Pure; it must not know which candidates there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "plan/candidate.h"
#include "plan/profile.h"
#include "plan/rank_memory.h"
#include "schedule/program.h"
#include "schedule/schedule.h"
#include "schedule/simulate/network.h"
#include "schedule/simulate/overlap.h"

namespace pipetrain {

// The first layer of each stage, for the layers' costs: how a run would cut the model.
// `speeds` of the ranks; empty: all alike.
using Cutter =
    std::function<std::vector<int>(const std::vector<double>& layer_seconds,
                                   const Placement& placement, const std::vector<double>& speeds)>;

// What decides how a layer is computed by a rank.
struct ModelForm {
  int tensor = 1;  // ranks that share it
  DType precision = DType::kFloat32;
  friend auto operator<=>(const ModelForm&, const ModelForm&) = default;
};

struct PlanInputs {
  ModelProfile model;  // of whole layers, in the configuration's precision
  DType precision = DType::kFloat32;
  std::map<ModelForm, ModelProfile> other_forms;  // that may be chosen, too
  // A form as each of n > 1 slices of its sequences sees it, in their order. What is not here is
  // not weighed.
  std::map<std::pair<ModelForm, int>, std::vector<ModelProfile>> sliced;
  MachineProfile machine;
  // On each of all ranks, of what takes 1 second by the profiles; empty: 1 on all.
  std::vector<double> rank_seconds;
  std::shared_ptr<const Network> network;  // the links of all ranks; none: they are the machine's
  int batch_rows = 1;
  int moments = 2;               // of the optimizer, per parameter
  int versions = 1;              // of weights and gradients; with pipeline.delay 1 two
  bool post_validation = false;  // no update waits for the norm
  Cutter cut;
  // For each value of pipeline.recompute that may be chosen, one entry per layer.
  std::map<Recompute, RecomputedLayers> recomputed;
  std::set<Recompute> kept_for_slices;  // those that keep what later slices look at
  // What `selective` may make again, the least time for each byte first.
  struct Part {
    std::string name;  // "layers.3.mlp.hidden"
    std::size_t layer = 0, part = 0;
  };
  std::vector<Part> parts;

  std::vector<ModelForm> forms() const;
  bool has(const ModelForm& wanted) const {
    return wanted == ModelForm{1, precision} || other_forms.contains(wanted);
  }
  const ModelProfile& form(const ModelForm& wanted) const {
    return wanted == ModelForm{1, precision} ? model : other_forms.at(wanted);
  }
};

inline ModelForm form_of(const Candidate& candidate) {
  return {candidate.tensor, candidate.precision};
}

class Predictor {
 public:
  explicit Predictor(const PlanInputs& inputs) : inputs_(inputs) {}

  // No rank can be busy for less, whatever the schedule. Recomputation is not counted: how often it
  // is left out depends on the schedule.
  double least_seconds(const Candidate& candidate);
  // A schedule of the candidate's sizes; `limit_bytes` per rank: where the parameters alone exceed
  // it, the step is not simulated and stays 0.
  Plan predict(const Candidate& candidate, const Schedule& schedule, std::int64_t limit_bytes);
  // What the candidate's ranks would execute.
  Program program(const Candidate& candidate, const Schedule& schedule);
  // Whether its steps follow each other without a flush, whose simulation takes more.
  bool follows(const Candidate& candidate) const {
    return (inputs_.versions > 1 || inputs_.post_validation) && candidate.pipeline > 1;
  }
  StepRule rule() const {
    return inputs_.post_validation ? StepRule::kPostValidation : StepRule::kDelayed;
  }
  // What a search for a schedule takes.
  Costs costs(const Candidate& candidate, const Placement& placement);

 private:
  struct Rows {
    std::int64_t larger = 1, smaller = 1;
    int larger_count = 0;
  };
  struct Cut {
    std::vector<int> first_layers;
    std::vector<StageSizes> stages;               // of whole sequences
    std::vector<std::vector<StageSizes>> slices;  // of each, where there are several
    std::vector<bool> recomputes;                 // stages
    Costs costs;
    PieceProfile piece;
  };
  Rows rows_of(const Candidate& candidate) const;
  RecomputedLayers recomputed(const Candidate& candidate) const;
  // With the time of sums over the tensor-parallel group, of all slices together.
  const std::vector<LayerMeasure>& layers(const Candidate& candidate, std::int64_t rows);
  const Cut& cut(const Candidate& candidate, const Placement& placement);
  std::vector<std::int64_t> parameter_bytes(const Candidate& candidate, int copies,
                                            const std::vector<RankParameters>& parameters) const;
  std::vector<std::int64_t> tensor_bytes(const Candidate& candidate, const Program& program,
                                         const Cut& cut,
                                         const std::vector<RankParameters>& parameters);
  std::int64_t sent_bytes(const Candidate& candidate, const Program& program, const Cut& cut,
                          const std::vector<RankParameters>& parameters);
  std::int64_t summed_bytes(const Candidate& candidate, const Cut& cut, int stage);

  const PlanInputs& inputs_;
  // By form, slices, rows.
  std::map<std::tuple<ModelForm, int, std::int64_t>, std::vector<LayerMeasure>> layers_;
  // By form, data, microbatches, recompute, parts, placement, vocabulary, slices.
  std::map<std::tuple<ModelForm, int, int, Recompute, std::vector<std::string>, Placement,
                      VocabularyPlace, int>,
           Cut>
      cuts_;
};

}  // namespace pipetrain
