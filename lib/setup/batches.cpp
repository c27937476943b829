#include "setup/batches.h"

#include <cstddef>
#include <utility>

#include "schedule/placement.h"

namespace pipetrain {

std::vector<std::int64_t> microbatch_rows(const StepContext& step) {
  std::vector<std::int64_t> rows;
  rows.reserve(static_cast<std::size_t>(step.microbatches));
  for (int m = 0; m < step.microbatches; ++m) rows.push_back(step.rows_of(m));
  return rows;
}

std::vector<int> microbatch_copies(const StepContext& step) {
  std::vector<int> copies;
  for (int m = 0; m < step.microbatches && step.copies > 1; ++m) {
    copies.push_back(copy_of_microbatch(m, step.microbatches, step.copies));
  }
  return copies;
}

Batches::Batches(const Epochs& epochs, std::uint64_t seed, int replicas, int replica,
                 int microbatches, const Shape& target_row, bool documents, int copies,
                 SequenceSlices slices)
    : epochs_(epochs),
      seed_(seed),
      replicas_(replicas),
      replica_(replica),
      microbatches_(microbatches),
      target_row_(target_row),
      documents_(documents),
      copies_(copies),
      slices_(std::move(slices)) {}

StepContext Batches::of_replica(StepContext step, int replica) const {
  step.replicas = replicas_;
  step.replica = replica;
  step.documents = documents_;
  step.copies = step.mode == Mode::kTrain ? copies_ : 1;
  step.microbatches = microbatches_;
  if (step.mode == Mode::kEvaluate && step.replica_rows() < step.microbatches) {
    step.microbatches = static_cast<int>(step.replica_rows());
  }
  return step;
}

StepContext Batches::training_step(std::int64_t step) const {
  const std::int64_t rows = epochs_.at(step).rows;
  return of_replica({.mode = Mode::kTrain,
                     .step = step,
                     .rows = rows,
                     .seed = seed_,
                     .gradient_scale = 1.0 / static_cast<double>(rows * targets_per_row()),
                     .slices = slices_},
                    replica_);
}

StepContext Batches::evaluation_step(std::int64_t batch, std::int64_t rows) const {
  return of_replica({.mode = Mode::kEvaluate, .step = batch, .rows = rows}, replica_);
}

BatchRows Batches::batch_rows(const StepContext& step, std::int64_t first_row) const {
  BatchRows rows{.training = step.mode == Mode::kTrain,
                 .first_row = first_row,
                 .parity = step.parity(),
                 .microbatch_rows = {},
                 .copies = microbatch_copies(step)};
  if (rows.training) {
    const StepRows taken = epochs_.at(step.step);
    rows.pass = taken.pass;
    rows.first_row = taken.first_row;
  }
  for (int replica = 0; replica < replicas_; ++replica) {
    rows.microbatch_rows.push_back(microbatch_rows(of_replica(step, replica)));
  }
  return rows;
}

}  // namespace pipetrain
