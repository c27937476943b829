#include "pipeline/embedding_passes.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/index.h"
#include "comm/grid.h"

namespace pipetrain {

EmbeddingPasses::EmbeddingPasses(const std::vector<int>& chain, Stage& piece, Mailbox& mailbox,
                                 MemoryPool& pool)
    : chain_(chain), piece_(piece), mailbox_(mailbox), pool_(pool) {
  hop_ = index(std::ranges::find(chain_, mailbox.rank()) - chain_.begin());
}

Message EmbeddingPasses::message(Channel channel, int further, int microbatch,
                                 const StepContext& step) const {
  const int peer = chain_[index(static_cast<int>(hop_) + further)];
  return {channel, peer, /*stage=*/0, microbatch, step.parity()};
}

Message EmbeddingPasses::ids_message(int microbatch, const StepContext& step) const {
  return {Channel::kInput, kCoordinator, /*stage=*/0, microbatch, step.parity()};
}

void EmbeddingPasses::begin(const StepContext& step) {
  const std::size_t count = std::max(rows_.size(), index(step.microbatches));
  rows_.resize(count);
  gradients_.resize(count);
}

void EmbeddingPasses::expect_ids(const StepContext& step) {
  for (int m = 0; m < step.microbatches; ++m) {
    mailbox_.post_receive(ids_message(m, step), row_shape(m, step).without_last(), DType::kInt32);
  }
}

void EmbeddingPasses::discard_ids(const StepContext& step) {
  for (int m = 0; m < step.microbatches; ++m) {
    mailbox_.take(ids_message(m, step), "the end of training");
  }
}

Tensor EmbeddingPasses::take(const Message& message, const Action& action, Recorder& recorder) {
  Tensor tensor;
  const std::string needed_by = text_of(action);
  recorder.record(action, true, [&] { tensor = mailbox_.take(message, needed_by.c_str()); });
  return tensor;
}

Tensor EmbeddingPasses::zeros(const Shape& shape) {
  Tensor tensor(pool_, shape);
  std::memset(tensor.data(), 0, tensor.bytes());
  return tensor;
}

void EmbeddingPasses::post_forward(int microbatch, const StepContext& step) {
  mailbox_.post_receive(message(Channel::kEmbedding, 1, microbatch, step),
                        row_shape(microbatch, step), DType::kFloat32);
}

void EmbeddingPasses::forward(const Action& action, const StepContext& step, Recorder& recorder) {
  const int m = action.microbatch;
  Tensor ids = take(ids_message(m, step), action, recorder);
  Tensor rows = is_last() ? zeros(row_shape(m, step))
                          : take(message(Channel::kEmbedding, 1, m, step), action, recorder);
  recorder.record(action, false,
                  [&] { rows = piece_.forward(step, m, std::move(rows), std::move(ids)); });
  if (is_first()) {
    rows_[index(m)] = std::move(rows);
  } else {
    mailbox_.send(message(Channel::kEmbedding, -1, m, step), std::move(rows));
  }
}

void EmbeddingPasses::post_backward(int microbatch, const StepContext& step) {
  mailbox_.post_receive(message(Channel::kEmbeddingGradient, -1, microbatch, step),
                        row_shape(microbatch, step), DType::kFloat32);
}

// What goes on leaves before this piece's own work begins.
void EmbeddingPasses::backward(const Action& action, const StepContext& step, Recorder& recorder) {
  const int m = action.microbatch;
  Tensor dy = is_first()
                  ? std::move(gradients_[index(m)])
                  : take(message(Channel::kEmbeddingGradient, -1, m, step), action, recorder);
  recorder.record(action, false, [&] {
    if (!is_last()) {
      Tensor copy(pool_, dy.shape());
      std::memcpy(copy.data(), dy.data(), copy.bytes());
      mailbox_.send(message(Channel::kEmbeddingGradient, 1, m, step), std::move(copy));
    }
    piece_.backward_input(step, m, std::move(dy));
    piece_.backward_weight(step, m);
  });
}

Tensor EmbeddingPasses::take_rows(int microbatch) { return std::move(rows_[index(microbatch)]); }

void EmbeddingPasses::give_gradient(int microbatch, Tensor dx) {
  gradients_[index(microbatch)] = std::move(dx);
}

}  // namespace pipetrain
