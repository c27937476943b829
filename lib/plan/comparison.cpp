#include "plan/comparison.h"

#include <algorithm>
#include <cstddef>

#include "schedule/generate/generate.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kAllFits = std::int64_t{1} << 62;

std::int64_t whole(double bytes) { return static_cast<std::int64_t>(bytes); }

// Whole layers in the precision, which becomes the inputs' own.
PlanInputs in_precision(const PlanInputs& inputs, DType precision) {
  PlanInputs made = inputs;
  made.model = inputs.form({1, precision});
  made.precision = precision;
  return made;
}

class Comparison {
 public:
  Comparison(const PlanInputs& all_inputs, int ranks, const Plan& pipeline)
      : inputs_(in_precision(all_inputs, pipeline.candidate.precision)),
        ranks_(ranks),
        pipeline_(pipeline),
        n_(ranks) {
    const PlanInputs& inputs = inputs_;
    const int batch = inputs.batch_rows, m = pipeline.candidate.microbatches;
    const int rows = (batch + m - 1) / m;
    share_rows_ = (batch + ranks - 1) / ranks;  // of the fullest replica
    rows_ = std::min(rows, share_rows_);
    share_microbatches_ = (share_rows_ + rows_ - 1) / rows_;
    parameters_ = static_cast<double>(parameter_elements(inputs.model));
    ideal_seconds_ = seconds_per_row(rows) * batch / ranks;
    replica_ = predict_replica(share_rows_, share_microbatches_);
  }

  std::vector<ComparisonRow> rows() const {
    return {pipeline_row(), data_row(), sharded_optimizer_row(), sharded_parameters_row(),
            tensor_row()};
  }

 private:
  // F, I and W of the whole model.
  double seconds_per_row(int rows) const {
    double seconds = 0;
    for (const LayerMeasure& layer : layers_at(inputs_.model, rows)) seconds += layer.cost.total();
    return seconds / rows;
  }

  // The whole model on one rank.
  Plan predict_replica(int batch_rows, int microbatches) const {
    PlanInputs inputs = inputs_;
    inputs.batch_rows = batch_rows;
    const Candidate candidate{.microbatches = microbatches, .precision = inputs_.precision};
    return Predictor(inputs).predict(candidate, generate(kPlainSchedule, 1, 1, microbatches),
                                     kAllFits);
  }

  // Of a step: `messages` one after the other, `bytes` in all.
  double seconds_for(double messages, double bytes) const {
    const MachineProfile& machine = inputs_.machine;
    return messages * machine.message_latency_seconds + bytes / machine.message_bytes_per_second;
  }
  double share_sent() const { return (n_ - 1) / n_; }  // of what a ring gathers or scatters
  double gradients_sent() const { return 2 * share_sent() * kFloatBytes * parameters_; }
  double update_seconds(double elements) const {
    return inputs_.machine.update_seconds_per_element * elements;
  }
  double replica_seconds() const { return seconds_per_row(rows_) * share_rows_; }

  ComparisonRow row(const char* way, double memory, double sent, double step) const {
    return {way, inputs_.precision, true, whole(memory), whole(sent), step, ideal_seconds_ / step};
  }

  ComparisonRow pipeline_row() const {
    ComparisonRow made = row("pipeline", static_cast<double>(pipeline_.memory_bytes),
                             static_cast<double>(pipeline_.sent_bytes), pipeline_.step_seconds);
    made.estimate = false;
    return made;
  }

  ComparisonRow data_row() const {
    const double step = replica_seconds() + seconds_for(2 * (n_ - 1), gradients_sent()) +
                        update_seconds(parameters_);
    return row("data", static_cast<double>(replica_.memory_bytes), gradients_sent(), step);
  }

  ComparisonRow sharded_optimizer_row() const {
    const double kept = kFloatBytes * inputs_.moments * parameters_ * (1 - 1 / n_);
    const double step = replica_seconds() + seconds_for(2 * (n_ - 1), gradients_sent()) +
                        update_seconds(parameters_ / n_);
    return row("sharded optimizer", static_cast<double>(replica_.memory_bytes) - kept,
               gradients_sent(), step);
  }

  ComparisonRow sharded_parameters_row() const {
    const double all = kFloatBytes * (2 + inputs_.moments) * parameters_;
    std::int64_t largest = 0;  // layer, gathered with its gradient while it is at work
    for (const LayerFacts& layer : inputs_.model.layers) {
      std::int64_t elements = 0;
      for (const auto& parameter : layer.parameters) elements += parameter.elements;
      largest = std::max(largest, elements);
    }
    const double gathered = 2 * kFloatBytes * static_cast<double>(largest);
    const double sent = 3 * share_microbatches_ * share_sent() * kFloatBytes * parameters_;
    const double messages =
        3.0 * share_microbatches_ * (n_ - 1) * static_cast<double>(inputs_.model.layers.size());
    const double step =
        replica_seconds() + seconds_for(messages, sent) + update_seconds(parameters_ / n_);
    return row("sharded parameters",
               static_cast<double>(replica_.memory_bytes) - all * (1 - 1 / n_) + gathered, sent,
               step);
  }

  // All ranks work on every microbatch together.
  ComparisonRow tensor_row() const {
    const int microbatches = pipeline_.candidate.microbatches;
    const int rows = (inputs_.batch_rows + microbatches - 1) / microbatches;
    double reductions = 0, reduced_bytes = 0, copies = 0;  // of a microbatch
    for (std::size_t i = 0; i < inputs_.model.layers.size(); ++i) {
      const LayerFacts& layer = inputs_.model.layers[i];
      reductions += layer.group_sums.count;
      reduced_bytes += static_cast<double>(layer.group_sums.bytes) * rows;
      if (i > 0) copies += static_cast<double>(layer.input_row_bytes) * rows;
    }
    const double sent = 2 * share_sent() * reduced_bytes * microbatches;
    const double step = ideal_seconds_ +
                        seconds_for(2 * (n_ - 1) * reductions * microbatches, sent) +
                        update_seconds(parameters_ / n_);
    const auto process = static_cast<double>(inputs_.machine.process_bytes);
    const Plan one = predict_replica(inputs_.batch_rows, microbatches);
    const double split = static_cast<double>(one.memory_bytes) - process - copies;
    return row("tensor", process + copies + split / n_, sent, step);
  }

  const PlanInputs inputs_;
  int ranks_;
  const Plan& pipeline_;
  double n_;
  int share_rows_ = 1, rows_ = 1, share_microbatches_ = 1;
  double parameters_ = 0, ideal_seconds_ = 0;
  Plan replica_;
};

}  // namespace

std::vector<ComparisonRow> compare_ways(const PlanInputs& inputs, int ranks, const Plan& pipeline) {
  return Comparison(inputs, ranks, pipeline).rows();
}

}  // namespace pipetrain
