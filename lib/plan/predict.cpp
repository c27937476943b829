#include "plan/predict.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>

#include "base/index.h"
#include "plan/beside_pipeline.h"
#include "plan/candidate_network.h"
#include "plan/sliced_profile.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {
namespace {

// Ranks that sum up a gradient: of replicas, and of both copies of a stage.
int replicas_of(const Candidate& candidate, const Schedule& schedule) {
  return candidate.data * schedule.placement.copies();
}

}  // namespace

std::vector<ModelForm> PlanInputs::forms() const {
  std::vector<ModelForm> all{{1, precision}};
  for (const auto& [form, profile] : other_forms) all.push_back(form);
  return all;
}

Predictor::Rows Predictor::rows_of(const Candidate& candidate) const {
  const int m = candidate.microbatches, batch = inputs_.batch_rows / candidate.data;
  const int share = batch / m, larger = batch % m;
  if (larger == 0) return {share, share, m};
  return {share + 1, share, larger};
}

const std::vector<LayerMeasure>& Predictor::layers(const Candidate& candidate, std::int64_t rows) {
  const ModelForm form = form_of(candidate);
  const auto key = std::tuple(form, candidate.slices, rows);
  const auto found = layers_.find(key);
  if (found != layers_.end()) return found->second;
  std::vector<LayerMeasure> layers = layers_at(inputs_.form(form), rows);
  if (candidate.slices > 1) {
    take_costs_of_slices(inputs_.sliced.at({form, candidate.slices}), rows, layers);
  }
  const MachineProfile machine = form.tensor > 1 ? machine_over(inputs_, 1) : inputs_.machine;
  for (LayerMeasure& layer : layers) {
    const auto seconds = [&](const SumUse& sums) { return machine.sum_seconds(sums, form.tensor); };
    layer.cost.forward += seconds(layer.forward_sums);
    layer.cost.backward_input += seconds(layer.backward_input_sums);
    layer.cost.backward_weight += seconds(layer.backward_weight_sums);
  }
  return layers_.emplace(key, std::move(layers)).first->second;
}

double Predictor::least_seconds(const Candidate& candidate) {
  const Rows rows = rows_of(candidate);
  double seconds = 0;
  for (const auto& [size, count] :
       {std::pair(rows.larger, rows.larger_count),
        std::pair(rows.smaller, candidate.microbatches - rows.larger_count)}) {
    if (count == 0) continue;
    for (const LayerMeasure& layer : layers(candidate, size)) {
      seconds += count * layer.cost.total();
    }
  }
  const std::vector<double> speeds = speeds_of(inputs_, candidate);
  return seconds /
         (speeds.empty() ? candidate.pipeline : std::accumulate(speeds.begin(), speeds.end(), 0.0));
}

RecomputedLayers Predictor::recomputed(const Candidate& candidate) const {
  RecomputedLayers layers(inputs_.model.layers.size());
  if (candidate.recompute != Recompute::kNone) layers = inputs_.recomputed.at(candidate.recompute);
  if (candidate.parts.empty()) return layers;
  std::fill(layers.begin(), layers.end(), Recomputed());
  for (const PlanInputs::Part& part : inputs_.parts) {
    const auto& taken = candidate.parts;
    if (std::find(taken.begin(), taken.end(), part.name) == taken.end()) continue;
    layers[part.layer].parts |= 1U << part.part;
  }
  return layers;
}

const Predictor::Cut& Predictor::cut(const Candidate& candidate, const Placement& placement) {
  const ModelForm form = form_of(candidate);
  const auto key = std::tuple(form, candidate.data, candidate.microbatches, candidate.recompute,
                              candidate.parts, placement, candidate.vocabulary, candidate.slices);
  const auto found = cuts_.find(key);
  if (found != cuts_.end()) return found->second;
  const Rows rows = rows_of(candidate);
  const RecomputedLayers recomputed = this->recomputed(candidate);
  const std::vector<LayerMeasure>& larger = layers(candidate, rows.larger);
  const std::vector<LayerMeasure>& smaller = layers(candidate, rows.smaller);
  const bool pieces = candidate.cuts_vocabulary();
  const std::size_t count = larger.size() - (pieces ? 1 : 0);  // without the head
  std::vector<double> seconds(count);
  for (std::size_t i = 0; i < count; ++i) {
    seconds[i] = larger[i].cost.total() + remake_seconds(larger[i], recomputed[i]);
  }
  const ModelProfile& whole = inputs_.form(form);
  ModelProfile model = facts_of(whole);
  Cut made;
  if (pieces) made.piece = take_piece(model, candidate.pipeline, candidate.vocabulary);
  const auto more = layers_of_pieces(whole, made.piece, larger, rows.larger),
             fewer = layers_of_pieces(whole, made.piece, smaller, rows.smaller);
  made.first_layers = inputs_.cut(seconds, placement, speeds_of(inputs_, candidate));
  const StageSizing sizing{made.first_layers, recomputed, rows.larger, rows.smaller, pieces};
  made.stages = stage_sizes(model, more, fewer, sizing);
  if (candidate.slices > 1) {
    made.slices = sizes_of_slices(inputs_.sliced.at({form, candidate.slices}), sizing);
  }
  const double share = static_cast<double>(rows.larger_count) / candidate.microbatches;
  for (const StageSizes& sizes : made.stages) {
    made.costs.stages.push_back(weighted(sizes.larger.cost, share, sizes.smaller.cost));
  }
  if (pieces) {
    const StageCost head = weighted(larger.back().cost, share, smaller.back().cost);
    made.costs.pieces = piece_costs(head, candidate.pipeline, candidate.vocabulary);
  }
  made.recomputes = recomputing_stages(recomputed, made.first_layers);
  std::int64_t message_bytes = 0;
  for (std::size_t s = 1; s < made.stages.size(); ++s) {
    message_bytes = std::max(message_bytes, made.stages[s].larger.input_bytes);
  }
  // A slice's message is a part of this, but has a latency of its own.
  made.costs.message = inputs_.machine.message_seconds(message_bytes) +
                       (candidate.slices - 1) * inputs_.machine.message_latency_seconds;
  made.costs.network = candidate_network(inputs_, candidate, message_bytes);
  return cuts_.emplace(key, std::move(made)).first->second;
}

Program Predictor::program(const Candidate& candidate, const Schedule& schedule) {
  const Cut& own = cut(candidate, schedule.placement);
  return program_of(schedule, {.recomputes = own.recomputes,
                               .shards_parameters = candidate.shards_parameters(),
                               .cuts_embedding = own.piece.cuts_embedding()});
}

Costs Predictor::costs(const Candidate& candidate, const Placement& placement) {
  return cut(candidate, placement).costs;
}

// What a rank of the stage sends in a step to sum over its tensor-parallel group.
std::int64_t Predictor::summed_bytes(const Candidate& candidate, const Cut& cut, int stage) {
  if (candidate.tensor == 1) return 0;
  const Rows rows = rows_of(candidate);
  const RecomputedLayers recomputed = this->recomputed(candidate);
  const auto next = index(stage) + 1;
  std::int64_t bytes = 0;
  for (const auto& [size, count] :
       {std::pair(rows.larger, rows.larger_count),
        std::pair(rows.smaller, candidate.microbatches - rows.larger_count)}) {
    if (count == 0) continue;
    const std::vector<LayerMeasure>& measured = layers(candidate, size);
    const std::size_t end =
        next < cut.first_layers.size() ? index(cut.first_layers[next]) : measured.size();
    for (std::size_t i = index(cut.first_layers[index(stage)]); i < end; ++i) {
      const LayerMeasure& layer = measured[i];
      const int forwards = recomputed[i].whole ? 2 : 1;
      bytes += count * (forwards * layer.forward_sums.bytes + layer.backward_input_sums.bytes +
                        layer.backward_weight_sums.bytes);
    }
  }
  return 2 * bytes * (candidate.tensor - 1) / candidate.tensor;
}

// What parameters take at least, known without a walk through the schedule.
std::vector<std::int64_t> Predictor::parameter_bytes(
    const Candidate& candidate, int copies, const std::vector<RankParameters>& parameters) const {
  const int optimizer_parts = candidate.shards_optimizer() ? candidate.data * copies : 1;
  const int parts = candidate.shards_parameters() ? candidate.data : 1;
  std::vector<std::int64_t> bytes;
  for (const RankParameters& mine : parameters) {
    const std::int64_t elements = mine.elements();
    bytes.push_back(kFloatBytes * (2 * inputs_.versions * elements / parts +
                                   inputs_.moments * elements / optimizer_parts));
  }
  return bytes;
}

std::vector<std::int64_t> Predictor::tensor_bytes(const Candidate& candidate,
                                                  const Program& program, const Cut& cut,
                                                  const std::vector<RankParameters>& parameters) {
  const Rows rows = rows_of(candidate);
  std::vector<std::int64_t> bytes;
  for (const RankMemory& rank : rank_memory({.training = &program,
                                             .model = inputs_.form(form_of(candidate)),
                                             .parameters = parameters,
                                             .stages = cut.stages,
                                             .slices = cut.slices.empty() ? nullptr : &cut.slices,
                                             .larger_rows = rows.larger,
                                             .smaller_rows = rows.smaller,
                                             .larger_count = rows.larger_count,
                                             .moments = inputs_.moments,
                                             .replicas = replicas_of(candidate, program.actions),
                                             .versions = inputs_.versions,
                                             .keeps_overwritten = inputs_.post_validation,
                                             .shards_optimizer = candidate.shards_optimizer(),
                                             .shards_parameters = candidate.shards_parameters(),
                                             .piece = cut.piece})) {
    bytes.push_back(rank.total());
  }
  return bytes;
}

// A step's, by the rank that sends most.
std::int64_t Predictor::sent_bytes(const Candidate& candidate, const Program& program,
                                   const Cut& cut, const std::vector<RankParameters>& parameters) {
  const Schedule& schedule = program.actions;
  std::vector<std::int64_t> sent(index(candidate.pipeline));
  const Placement& placement = schedule.placement;
  const int copies = placement.copies(), replicas = replicas_of(candidate, schedule);
  for (int s = 0; s < schedule.stage_count(); ++s) {
    for (int copy = 0; copy < copies; ++copy) {
      const int from = placement.rank_of(s, copy);
      sent[index(from)] += summed_bytes(candidate, cut, s) / copies;
      if (s + 1 == schedule.stage_count()) continue;
      const int to = placement.rank_of(s + 1, copy);
      if (from == to) continue;
      const std::int64_t bytes =
          inputs_.batch_rows / candidate.data *
          (cut.stages[index(s)].larger.output_bytes / rows_of(candidate).larger) / copies;
      sent[index(from)] += bytes;
      sent[index(to)] += bytes;
    }
  }
  add_piece_bytes(cut.piece, inputs_.batch_rows / candidate.data, schedule, sent);
  const auto to_others = [&](std::int64_t elements) {
    return kFloatBytes * elements * (replicas - 1) / replicas;
  };
  for (std::size_t rank = 0; rank < sent.size() && !candidate.shards_parameters(); ++rank) {
    sent[rank] += 2 * to_others(parameters[rank].elements());
  }
  if (candidate.shards_parameters()) {
    for (std::size_t rank = 0; rank < sent.size(); ++rank) {
      sent[rank] += candidate.microbatches * to_others(parameters[rank].elements());
      for (const Action& action : program.of_rank(rank)) {
        if (action.op != Op::kUnshard) continue;
        sent[rank] += to_others(stage_elements(schedule, parameters, action.stage));
      }
    }
  }
  return *std::max_element(sent.begin(), sent.end());
}

Plan Predictor::predict(const Candidate& candidate, const Schedule& schedule,
                        std::int64_t limit_bytes) {
  const Cut& model_cut = cut(candidate, schedule.placement);
  const MachineProfile machine = candidate.data > 1
                                     ? machine_over(inputs_, candidate.tensor * candidate.pipeline)
                                     : inputs_.machine;
  Plan plan{.candidate = candidate, .first_layers = model_cut.first_layers};
  const auto parameters =
      parameters_with_pieces(inputs_.form(form_of(candidate)), schedule, model_cut.first_layers,
                             candidate.shards_parameters());
  const auto fits = [&](std::vector<std::int64_t> bytes) {
    plan.tensor_bytes = std::move(bytes);
    plan.memory_bytes = machine.process_bytes +
                        *std::max_element(plan.tensor_bytes.begin(), plan.tensor_bytes.end());
    return plan.memory_bytes <= limit_bytes;
  };
  if (!fits(parameter_bytes(candidate, schedule.placement.copies(), parameters))) return plan;
  const Program program = this->program(candidate, schedule);
  if (!fits(tensor_bytes(candidate, program, model_cut, parameters))) return plan;

  Costs costs = model_cut.costs;
  for (int s = 0; s < schedule.stage_count() && candidate.shards_parameters(); ++s) {
    costs.stages[index(s)].gather =
        gather_seconds(stage_elements(schedule, parameters, s), candidate.data, machine);
  }
  const Costs shared = shared_out(std::move(costs), schedule, machine);
  const Timeline timeline = simulate(program, shared);
  double seconds = timeline.makespan();
  plan.bubble_fraction = timeline.bubble_fraction();
  for (int rank = 0; rank < candidate.pipeline; ++rank) {
    plan.busy_seconds += timeline.busy(rank) / candidate.pipeline;
  }
  std::vector<RankPace> paces = paces_of(timeline);
  if (follows(candidate)) {
    SteadyStep step = steady_step(program, shared, rule());
    if (shared.cores > 0) {  // such steps leave none of them idle
      step.busy *= candidate.pipeline / shared.cores;
      step.seconds = std::max(step.seconds, step.busy);
    }
    seconds = step.seconds;
    plan.bubble_fraction = step.bubble_fraction();
    for (RankPace& pace : paces) {
      pace.idle = shared.cores > 0 ? 0 : std::max(0.0, seconds - pace.busy);
    }
  }
  plan.update_seconds = seconds_beside(paces, parameters, machine, inputs_.batch_rows, candidate,
                                       schedule.placement.copies());
  plan.step_seconds = seconds + plan.update_seconds;
  plan.sent_bytes = sent_bytes(candidate, program, model_cut, parameters);
  return plan;
}

}  // namespace pipetrain
