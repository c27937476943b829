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
  if (pipeline_.runner.updates_early()) return run_early(context);
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

std::optional<BenchSteps::Done> BenchSteps::run_early(const StepContext& context) {
  StepRunner& runner = pipeline_.runner;
  std::optional<Done> done;
  runner.run_early(context);
  if (early_) {
    const StepContext before = pipeline_.batches.training_step(context.step - 1);
    done = Done{before, runner.settle(before)};
    if (!runner.stands(before, done->result)) {
      runner.take_back(context);
      runner.update_after(before, done->result, kLearningRate);
      runner.run_again(context);
    }
  }
  feed(context.step + 1);
  runner.run_to_end(context, {});
  early_ = runner.stood();
  if (early_) {
    runner.update_early(context, kLearningRate);
    return done;
  }
  done = Done{context, runner.settle(context)};
  runner.stands(context, done->result);
  runner.update_after(context, done->result, kLearningRate);
  return done;
}

void BenchSteps::finish() {
  StepRunner& runner = pipeline_.runner;
  if (early_) runner.settle(pipeline_.batches.training_step(next_ - 1));
  if (!runner.overlaps()) return runner.discard_batch(pipeline_.batches.training_step(next_));
  if (next_ == 0) return;
  if (next_ >= 2) settle(next_ - 2);
  runner.finish_overlapped({});
  settle(next_ - 1);
}

}  // namespace pipetrain
