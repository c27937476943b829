#include "train/evaluator.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <span>
#include <string>
#include <vector>

#include "setup/run_setup.h"

namespace pipetrain {

Evaluator::Evaluator(const TrainConfig& config, PipelineRank& pipeline, Collective& world,
                     const Source* source, Coordinator* coordinator)
    : pipeline_(pipeline),
      world_(world),
      coordinator_(coordinator),
      batch_rows_(config.batch_size) {
  if (source != nullptr) rows_ = evaluation_rows(config, *source);
  world_.broadcast(std::as_writable_bytes(std::span(&rows_, 1)), 0);
}

Evaluation Evaluator::run() {
  assert(rows_ > 0);
  StepRunner::Sums sums;
  lost_.clear();
  StepContext next = feed(0);
  for (std::int64_t batch = 0; batch < batches(); ++batch) {
    const StepContext current = next;
    if (batch + 1 < batches()) next = feed(batch + 1);
    const StepRunner::Sums batch_sums = pipeline_.runner.evaluate(current);
    sums.loss += batch_sums.loss;
    sums.correct += batch_sums.correct;
    sums.targets += batch_sums.targets;
  }
  pipeline_.runner.finish_evaluation();
  std::array<double, 4> all = {sums.loss, sums.correct, sums.targets, lost_.empty() ? 0.0 : 1.0};
  world_.all_reduce(std::span<double>(all));
  if (all[3] > 0) return {.lost = world_.all_gather_text(lost_).front()};
  const double count = std::max(all[2], 1.0);
  return {all[0] / count, all[1] / count, static_cast<std::int64_t>(all[2])};
}

// Makes room for a batch and sends it, one ahead of the one that runs.
StepContext Evaluator::feed(std::int64_t batch) {
  const std::int64_t first = batch * batch_rows_;
  const StepContext context =
      pipeline_.batches.evaluation_step(batch, std::min(batch_rows_, rows_ - first));
  pipeline_.runner.expect_batch(context);
  if (coordinator_ != nullptr) {
    const std::string reason =
        coordinator_->feed_or_reason(pipeline_.batches.batch_rows(context, first));
    if (lost_.empty()) lost_ = reason;
  }
  return context;
}

}  // namespace pipetrain
