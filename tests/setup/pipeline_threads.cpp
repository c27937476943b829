#include "setup/pipeline_threads.h"

#include <omp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

namespace pipetrain {
namespace {

ModelSetup set_up(const Config& config, const Source& source, const Grid& grid, int rank) {
  return set_up_model(config, {.data = data_shape_of(source),
                               .stage_ranks = grid.pipeline(),
                               .pipeline_rank = grid.position_of(rank).pipeline,
                               .tensor_rank = grid.position_of(rank).tensor,
                               .training_rows = source.training_rows(),
                               .evaluation_rows = source.validation_rows()});
}

}  // namespace

FixedSource FixedSource::counting(std::int64_t rows, std::int64_t tokens, int vocabulary) {
  FixedRows made{.input_row = {tokens},
                 .target_row = {tokens},
                 .vocabulary = vocabulary,
                 .classes = vocabulary};
  for (std::int64_t i = 0; i < rows * tokens; ++i) {
    made.tokens.push_back(static_cast<std::int32_t>((i * i + 3 * i) % vocabulary));
    made.targets.push_back(static_cast<std::int32_t>((i * i + 5 * i + 4) % vocabulary));
  }
  return FixedSource(std::move(made));
}

FixedSource FixedSource::images(std::int64_t rows, const Shape& row, int classes) {
  FixedRows made{.input_row = row, .classes = classes};
  for (std::int64_t i = 0; i < rows * row.elements(); ++i) {
    made.pixels.push_back(static_cast<float>((i * i + 3 * i) % 23) * 0.1f - 1.0f);
  }
  for (std::int64_t i = 0; i < rows; ++i) {
    made.targets.push_back(static_cast<std::int32_t>((i * i + i / 2) % classes));
  }
  return FixedSource(std::move(made));
}

nlohmann::json FixedSource::tokenizer() const { return {{"type", "none"}}; }

void FixedSource::read_training(std::int64_t, std::int64_t first_row, Tensor& inputs,
                                Tensor& targets) const {
  const std::int64_t first = first_row * rows_.input_row.elements();
  if (input_dtype() == DType::kInt32) {
    std::copy_n(rows_.tokens.begin() + first, inputs.elements(), inputs.i32());
  } else {
    std::copy_n(rows_.pixels.begin() + first, inputs.elements(), inputs.f32());
  }
  std::copy_n(rows_.targets.begin() + first_row * rows_.target_row.elements(), targets.elements(),
              targets.i32());
}

std::int64_t FixedSource::validation_rows() const {
  return static_cast<std::int64_t>(rows_.targets.size()) / rows_.target_row.elements();
}

void FixedSource::read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const {
  read_training(0, first_row, inputs, targets);
}

RankThread::RankThread(const Config& config, const Source& source, InProcess& group, int rank)
    : config_(config),
      source_(source),
      grid_(Grid::filling(group.size(), config.parallel.data, config.parallel.tensor)),
      mailbox_(group.mailbox(rank, pool_)),
      collective_(group.collective(rank)),
      replicas_(
          group.collective(rank, grid_.stage_group(rank, copies_of(config.pipeline.schedule)))),
      tensor_(group.collective(rank, grid_.tensor_group(rank))),
      links_{grid_, *mailbox_, *collective_, *replicas_, *tensor_},
      model_(set_up(config, source, grid_, rank)),
      pipeline_(config, model_, links_, pool_) {
  if (rank == 0) {
    coordinator_ = make_coordinator(source_, pipeline_, *mailbox_, pool_);
  }
}

void RankThread::feed(const StepContext& step, std::int64_t first_row) {
  pipeline_.runner.expect_batch(step);
  if (coordinator_) coordinator_->feed(pipeline_.batches.batch_rows(step, first_row));
}

void RankThread::train(std::int64_t first, std::int64_t end,
                       const std::function<void(std::int64_t, const StepResult&)>& after) {
  feed(pipeline_.batches.training_step(first), 0);
  for (std::int64_t step = first; step < end; ++step) {
    if (step + 1 < end) feed(pipeline_.batches.training_step(step + 1), 0);
    const StepResult result = pipeline_.runner.train(pipeline_.batches.training_step(step),
                                                     config_.optimizer.learning_rate);
    if (after) after(step, result);
  }
}

double RankThread::evaluate() {
  const std::int64_t rows = source_.validation_rows(), batch = config_.train.batch_size;
  const auto send = [&](std::int64_t first) {
    const StepContext step =
        pipeline_.batches.evaluation_step(first / batch, std::min(batch, rows - first));
    feed(step, first);
    return step;
  };
  double loss = 0;
  StepContext next = send(0);
  for (std::int64_t first = 0; first < rows; first += batch) {
    const StepContext step = next;
    if (first + batch < rows) next = send(first + batch);
    loss += pipeline_.runner.evaluate(step).loss;
  }
  pipeline_.runner.finish_evaluation();
  collective_->all_reduce(std::span(&loss, 1));
  return loss;
}

// Of sharded ones its pieces, each where it is in the parameter.
Weights RankThread::owned(Tensor StageParameters::* buffer) {
  Weights weights;
  for (StageParameters& stage : pipeline_.versions.newest().parameters().stages()) {
    const float* values = (stage.*buffer).f32();
    for (const Piece& piece : stage.kept) {
      if (!piece.slot->owned) continue;
      std::vector<float>& whole = weights[piece.slot->parameter->name];
      whole.resize(static_cast<std::size_t>(piece.slot->elements));
      std::copy_n(values + piece.at, piece.elements, whole.begin() + piece.first);
    }
  }
  return weights;
}

Weights RankThread::owned_values() {
  Weights weights = owned(&StageParameters::values);
  for (StageParameters& stage : pipeline_.versions.newest().parameters().stages()) {
    for (const Buffer* buffer : stage.buffers) {
      weights[buffer->name].assign(buffer->value, buffer->value + buffer->shape.elements());
    }
  }
  return weights;
}
Weights RankThread::owned_gradients() { return owned(&StageParameters::gradients); }

void run_ranks(const Config& config, const Source& source, int ranks,
               const std::function<void(RankThread&)>& body) {
  InProcess group(ranks, {.timeout_seconds = 60, .oversubscribed = true});
  group.run([&](int rank) {
    omp_set_num_threads(1);
    RankThread thread(config, source, group, rank);
    body(thread);
  });
}

}  // namespace pipetrain
