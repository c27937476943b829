#include "data/coordinator.h"

#include <cassert>
#include <chrono>
#include <utility>

namespace pipetrain {

Coordinator::Coordinator(const Source& source, Mailbox& mailbox, MemoryPool& pool,
                         std::vector<PipelineEnds> replicas, int last_stage)
    : source_(source),
      mailbox_(mailbox),
      pool_(pool),
      replicas_(std::move(replicas)),
      last_stage_(last_stage) {}

void Coordinator::feed(const BatchPlan& plan) {
  assert(plan.microbatch_rows.size() == replicas_.size());
  const auto start = std::chrono::steady_clock::now();
  std::int64_t row = plan.first_row;
  for (std::size_t r = 0; r < replicas_.size(); ++r) {
    int microbatch = 0;
    for (const std::int64_t rows : plan.microbatch_rows[r]) {
      send(plan, replicas_[r], microbatch++, row, rows);
      row += rows;
    }
  }
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Coordinator::send(const BatchPlan& plan, const PipelineEnds& ends, int microbatch,
                       std::int64_t row, std::int64_t rows) {
  Tensor inputs(pool_, source_.input_shape().batched(rows), source_.input_dtype());
  Tensor targets(pool_, source_.target_shape().batched(rows), DType::kInt32);
  if (plan.training) {
    source_.read_training(plan.pass, row, inputs, targets);
  } else {
    source_.read_validation(row, inputs, targets);
  }
  mailbox_.send({Channel::kInput, ends.first_rank, 0, microbatch, plan.parity}, std::move(inputs));
  mailbox_.send({Channel::kTarget, ends.last_rank, last_stage_, microbatch, plan.parity},
                std::move(targets));
}

}  // namespace pipetrain
