// What the Engine sends, awaits and makes room for.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "comm/grid.h"
#include "pipeline/engine.h"

namespace pipetrain {
namespace {

Tensor copy_of(const Tensor& tensor, MemoryPool& pool) {
  Tensor copy(pool, tensor.shape(), tensor.dtype());
  std::memcpy(copy.data(), tensor.data(), copy.bytes());
  return copy;
}

}  // namespace

Tensor Engine::fed(Channel channel, std::vector<Tensor>& kept, const Action& action,
                   const StepContext& step, Recorder& recorder) {
  const int m = action.microbatch;
  const auto take = [&] {
    return wait_for(message(channel, kCoordinator, action.stage, m, step), action, recorder);
  };
  Tensor& whole = kept[static_cast<std::size_t>(m)];
  if (fed_ == Fed::kAgain) return std::move(whole);
  if (!step.slices.cut()) {
    Tensor taken = take();
    if (fed_ == Fed::kKept) whole = copy_of(taken, local(action.stage).stage->pool());
    return taken;
  }
  if (action.slice == 0) whole = take();
  Tensor part = tokens_of_rows(local(action.stage).stage->pool(), whole,
                               step.slices.first(action.slice), step.slices.tokens(action.slice));
  if (action.slice + 1 == step.slices.count()) whole.reset();
  return part;
}

Tensor Engine::stage_input(Local& l, const Action& action, const StepContext& step,
                           Recorder& recorder) {
  if (!l.stage->first()) {
    return wait_for(message(Channel::kActivation, l.route.below, action.stage,
                            slice_number(action, step), step),
                    action, recorder);
  }
  if (embedding_) return embedding_->take_rows(action.microbatch);
  return fed(Channel::kInput, l.inputs, action, step, recorder);
}

void Engine::expect_batch(const StepContext& step, const Shape& target_row) {
  if (vocabulary_) vocabulary_->expect_targets(step, target_row);
  if (embedding_) embedding_->expect_ids(step);
  for (const Local& l : locals_) {
    const int stage = l.stage->index();
    if (is_piece(l)) continue;
    for (int m = 0; m < step.microbatches; ++m) {
      if (!l.takes(m, step)) continue;
      if (step.documents) {
        mailbox_.post_receive(message(Channel::kDocuments, kCoordinator, stage, m, step),
                              target_row.batched(step.rows_of(m)), DType::kInt32);
      }
      if (l.stage->first() && !embedding_) {
        mailbox_.post_receive(message(Channel::kInput, kCoordinator, stage, m, step),
                              l.stage->input_shape(step.rows_of(m)), l.stage->data_dtype());
      }
      if (l.stage->last()) {
        mailbox_.post_receive(message(Channel::kTarget, kCoordinator, stage, m, step),
                              target_row.batched(step.rows_of(m)), DType::kInt32);
      }
    }
  }
}

void Engine::discard_batch(const StepContext& step) {
  if (vocabulary_) vocabulary_->discard_targets(step);
  if (embedding_) embedding_->discard_ids(step);
  for (const Local& l : locals_) {
    const int stage = l.stage->index();
    if (is_piece(l)) continue;
    for (int m = 0; m < step.microbatches; ++m) {
      if (!l.takes(m, step)) continue;
      const auto discard = [&](Channel channel) {
        mailbox_.take(message(channel, kCoordinator, stage, m, step), "the end of training");
      };
      if (step.documents) discard(Channel::kDocuments);
      if (l.stage->first() && !embedding_) discard(Channel::kInput);
      if (l.stage->last()) discard(Channel::kTarget);
    }
  }
}

void Engine::set_fed(Fed fed) {
  fed_ = fed;
  if (fed != Fed::kOnce) return;
  for (Local& l : locals_) {
    for (auto* kept : kept_of(l)) {
      for (Tensor& tensor : *kept) tensor.reset();
    }
  }
}

void Engine::take_back(const std::vector<Action>& unposted, const std::vector<Action>& unread,
                       const StepContext& step) {
  for (Local& l : locals_) l.stage->drop_forwards();
  live_->now = 0;
  for (const Action& action : unposted) post_receive(action, step);
  for (const Action& action : unread) {
    mailbox_.take(message(Channel::kActivation, local(action.stage).route.below, action.stage,
                          slice_number(action, step), step),
                  "a step that is taken back");
  }
}

void Engine::send_forward(const Action& action, const StepContext& step) {
  const int stage = action.stage;
  Tensor y = std::move(result(action, step));
  if (goes_to_pieces(stage)) {
    return vocabulary_->send_activations(action.microbatch, std::move(y), step);
  }
  mailbox_.send(message(Channel::kActivation, local(stage).route.above, stage + 1,
                        slice_number(action, step), step),
                std::move(y));
}

void Engine::post_receive(const Action& action, const StepContext& step) {
  const int stage = action.stage, microbatch = action.microbatch;
  const bool forward = action.op == Op::kReceiveForward;
  if (!forward && goes_to_pieces(stage)) return vocabulary_->post_results(microbatch, step);
  const Local& l = local(stage);
  const std::int64_t rows = step.rows_of(microbatch);
  const Shape whole = forward ? l.stage->input_shape(rows) : l.stage->output_shape(rows);
  mailbox_.post_receive(
      message(forward ? Channel::kActivation : Channel::kGradient,
              forward ? l.route.below : l.route.above, stage, slice_number(action, step), step),
      step.slices.of(whole, action.slice),
      forward ? l.stage->input_dtype() : l.stage->output_dtype());
}

Tensor Engine::wait_for(const Message& message, const Action& action, Recorder& recorder) {
  Tensor tensor;
  const std::string needed_by = text_of(action);
  recorder.record(action, true, [&] { tensor = mailbox_.take(message, needed_by.c_str()); });
  return tensor;
}

void Engine::wait_for_weights(int stage, Recorder& recorder) {
  if (weights_.gathered(place(stage))) return;
  recorder.record({Op::kUnshard, stage, 0}, true, [&] { weights_.wait(place(stage)); });
}

}  // namespace pipetrain
