#include "train/bench_steps.h"

namespace pipetrain {
namespace {

constexpr double kLearningRate = 1e-4;

}  // namespace

BenchSteps::BenchSteps(PipelineRank& pipeline, Coordinator* coordinator)
    : pipeline_(pipeline), coordinator_(coordinator) {
  if (!pipeline_.runner.overlaps()) feed(0);
}

void BenchSteps::feed(std::int64_t step) {
  const StepContext context = pipeline_.batches.training_step(step);
  pipeline_.runner.expect_batch(context);
  if (coordinator_ != nullptr) coordinator_->feed(pipeline_.batches.batch_rows(context));
}

BenchSteps::Done BenchSteps::settle(std::int64_t step) {
  const StepContext context = pipeline_.batches.training_step(step);
  const StepResult result = pipeline_.runner.settle(context);
  pipeline_.runner.update_after(context, result, kLearningRate);
  return {context, result};
}

std::optional<BenchSteps::Done> BenchSteps::run() {
  const std::int64_t step = next_++;
  const StepContext context = pipeline_.batches.training_step(step);
  if (!pipeline_.runner.overlaps()) {
    feed(step + 1);
    return Done{context, pipeline_.runner.train(context, kLearningRate)};
  }
  std::optional<Done> done;
  if (step >= 2) done = settle(step - 2);
  feed(step);  // its messages have the names of those of the step two before
  pipeline_.runner.run_overlapped(context, {});
  return done;
}

void BenchSteps::finish() {
  if (!pipeline_.runner.overlaps() || next_ == 0) return;
  if (next_ >= 2) settle(next_ - 2);
  pipeline_.runner.finish_overlapped({});
  settle(next_ - 1);
}

}  // namespace pipetrain
