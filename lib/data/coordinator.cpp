#include "data/coordinator.h"

#include <chrono>

namespace pipetrain {

Coordinator::Coordinator(const Source& source, Mailbox& mailbox, MemoryPool& pool, int first_rank,
                         int last_rank, int last_stage)
    : source_(source),
      mailbox_(mailbox),
      pool_(pool),
      first_rank_(first_rank),
      last_rank_(last_rank),
      last_stage_(last_stage) {}

void Coordinator::feed(const BatchPlan& plan) {
  const auto start = std::chrono::steady_clock::now();
  std::int64_t row = plan.first_row;
  for (std::size_t m = 0; m < plan.microbatch_rows.size(); ++m) {
    const std::int64_t rows = plan.microbatch_rows[m];
    Tensor inputs(pool_, source_.input_shape().batched(rows), source_.input_dtype());
    Tensor targets(pool_, source_.target_shape().batched(rows), DType::kInt32);
    if (plan.training) {
      source_.read_training(plan.pass, row, inputs, targets);
    } else {
      source_.read_validation(row, inputs, targets);
    }
    const int microbatch = static_cast<int>(m);
    mailbox_.send({Channel::kInput, first_rank_, 0, microbatch, plan.parity}, std::move(inputs));
    mailbox_.send({Channel::kTarget, last_rank_, last_stage_, microbatch, plan.parity},
                  std::move(targets));
    row += rows;
  }
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace pipetrain
