#include "data/coordinator.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "data/samples.h"

namespace pipetrain {

Coordinator::Coordinator(const Source& source, Mailbox& mailbox, MemoryPool& pool,
                         std::vector<PipelineEnds> replicas, int last_stage)
    : source_(source),
      mailbox_(mailbox),
      pool_(pool),
      replicas_(std::move(replicas)),
      last_stage_(last_stage) {}

void Coordinator::feed(const BatchRows& batch) {
  const std::string reason = feed_or_reason(batch);
  if (!reason.empty()) throw Error(ExitCode::kData, reason);
}

std::string Coordinator::feed_or_reason(const BatchRows& batch) {
  const std::size_t ends = replicas_.size() / batch.microbatch_rows.size();  // of each replica
  assert(batch.microbatch_rows.size() * ends == replicas_.size());
  const auto start = std::chrono::steady_clock::now();
  lost_.clear();
  std::int64_t row = batch.first_row;
  for (std::size_t r = 0; r < batch.microbatch_rows.size(); ++r) {
    for (std::size_t m = 0; m < batch.microbatch_rows[r].size(); ++m) {
      const std::int64_t rows = batch.microbatch_rows[r][m];
      const auto copy = static_cast<std::size_t>(batch.copies.empty() ? 0 : batch.copies[m]);
      send(batch, replicas_[r * ends + copy], static_cast<int>(m), row, rows);
      row += rows;
    }
  }
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return lost_;
}

void Coordinator::send(const BatchRows& batch, const PipelineEnds& ends, int microbatch,
                       std::int64_t row, std::int64_t rows) {
  Tensor inputs(pool_, source_.input_shape().batched(rows), source_.input_dtype());
  Tensor targets(pool_, source_.target_shape().batched(rows), DType::kInt32);
  read(batch, row, inputs, targets);
  send_documents(batch, ends, microbatch, inputs, targets);
  send_to_all(ends.first_ranks, {Channel::kInput, 0, 0, microbatch, batch.parity},
              std::move(inputs));
  send_to_all(ends.last_ranks, {Channel::kTarget, 0, last_stage_, microbatch, batch.parity},
              std::move(targets));
}

void Coordinator::read(const BatchRows& batch, std::int64_t row, Tensor& inputs, Tensor& targets) {
  try {
    if (batch.training) {
      source_.read_training(batch.pass, row, inputs, targets);
    } else {
      source_.read_validation(row, inputs, targets);
    }
  } catch (const Error& error) {
    if (error.code() != ExitCode::kData) throw;
    if (lost_.empty()) lost_ = error.what();
    std::memset(inputs.data(), 0, inputs.bytes());
    std::memset(targets.data(), 0, targets.bytes());
  }
}

namespace {

// For each token (rows, T) where its document begins in the row: at the row's start, or behind the
// token that ended one.
void write_starts(const Tensor& targets, Tensor& starts) {
  const std::int64_t rows = targets.shape()[0], tokens = targets.elements() / rows;
  for (std::int64_t row = 0; row < rows; ++row) {
    std::int32_t start = 0;
    for (std::int64_t t = 0; t < tokens; ++t) {
      starts.i32()[row * tokens + t] = start;
      if (targets.i32()[row * tokens + t] == kEndsDocument)
        start = static_cast<std::int32_t>(t) + 1;
    }
  }
}

// For each row (rows) how many tokens stand before what fills it up.
void write_lengths(const Tensor& inputs, Tensor& lengths) {
  const std::int64_t rows = inputs.shape()[0], tokens = inputs.elements() / rows;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int32_t* const first = inputs.i32() + row * tokens;
    lengths.i32()[row] =
        static_cast<std::int32_t>(std::find(first, first + tokens, kFilling) - first);
  }
}

}  // namespace

void Coordinator::send_documents(const BatchRows& batch, const PipelineEnds& ends, int microbatch,
                                 const Tensor& inputs, const Tensor& targets) {
  const bool labels = source_.target_shape().rank() == 0;
  for (std::size_t stage = 0; stage < ends.stage_ranks.size(); ++stage) {
    Tensor places(pool_, targets.shape(), DType::kInt32);
    labels ? write_lengths(inputs, places) : write_starts(targets, places);
    send_to_all(ends.stage_ranks[stage],
                {Channel::kDocuments, 0, static_cast<int>(stage), microbatch, batch.parity},
                std::move(places));
  }
}

// A message owns its tensor: all but one get a copy.
void Coordinator::send_to_all(const std::vector<int>& ranks, Message message, Tensor&& tensor) {
  for (const int rank : ranks) {
    message.peer = rank;
    if (rank == ranks.back()) return mailbox_.send(message, std::move(tensor));
    Tensor copy(pool_, tensor.shape(), tensor.dtype());
    std::memcpy(copy.data(), tensor.data(), tensor.bytes());
    mailbox_.send(message, std::move(copy));
  }
}

}  // namespace pipetrain
