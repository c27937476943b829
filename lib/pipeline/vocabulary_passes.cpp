#include "pipeline/vocabulary_passes.h"

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "comm/grid.h"

namespace pipetrain {
VocabularyPasses::VocabularyPasses(VocabularyRanks ranks, Stage& piece, Mailbox& mailbox, Ops& ops)
    : ranks_(std::move(ranks)), piece_(piece), mailbox_(mailbox), ops_(ops), loss_(ops) {}

void VocabularyPasses::begin(const StepContext& step) {
  loss_.begin(step);
  if (!ends_here() || step.mode == Mode::kTrain) return;
  for (int m = 0; m < step.microbatches; ++m) post_results(m, step);  // a few lines each
}

void VocabularyPasses::expect_targets(const StepContext& step, const Shape& target_row) {
  for (int m = 0; m < step.microbatches; ++m) {
    mailbox_.post_receive(message(Channel::kTarget, kCoordinator, m, step),
                          target_row.batched(step.rows_of(m)), DType::kInt32);
  }
}

void VocabularyPasses::discard_targets(const StepContext& step) {
  for (int m = 0; m < step.microbatches; ++m) {
    mailbox_.take(message(Channel::kTarget, kCoordinator, m, step), "the end of training");
  }
}

Tensor VocabularyPasses::take(const Message& message, const Action& action, Recorder& recorder) {
  Tensor tensor;
  const std::string needed_by = text_of(action);
  recorder.record(action, true, [&] { tensor = mailbox_.take(message, needed_by.c_str()); });
  return tensor;
}

void VocabularyPasses::post_forward(int microbatch, const StepContext& step) {
  mailbox_.post_receive(message(Channel::kPieceInput, ranks_.last_rank, microbatch, step),
                        input_shape(microbatch, step), piece_.input_dtype());
}

void VocabularyPasses::forward(const Action& action, const StepContext& step, Recorder& recorder) {
  const int m = action.microbatch;
  Tensor x = take(message(Channel::kPieceInput, ranks_.last_rank, m, step), action, recorder);
  Tensor targets = take(message(Channel::kTarget, kCoordinator, m, step), action, recorder);
  Tensor result;
  recorder.record(action, false,
                  [&] { result = piece_.forward(step, m, std::move(x), std::move(targets)); });
  if (waits_twice(step)) {
    send_to_pieces(Channel::kPieceTotals, m, std::move(result), step);
  } else {
    mailbox_.send(message(Channel::kPieceResult, ranks_.last_rank, m, step), std::move(result));
  }
}

void VocabularyPasses::post_backward(int microbatch, const StepContext& step) {
  const Shape x = input_shape(microbatch, step);
  if (waits_twice(step)) {
    return post_from_pieces(Channel::kPieceTotals, microbatch, statistics_shape_of(x), step);
  }
  mailbox_.post_receive(message(Channel::kPieceTotals, ranks_.last_rank, microbatch, step),
                        piece_totals_shape_of(x), DType::kFloat32);
}

void VocabularyPasses::backward(const Action& action, const StepContext& step, Recorder& recorder) {
  const int m = action.microbatch;
  if (waits_twice(step)) return backward_with_gradient(action, step, recorder);
  Tensor totals = take(message(Channel::kPieceTotals, ranks_.last_rank, m, step), action, recorder);
  recorder.record(action, false, [&] {
    piece_.backward_input(step, m, std::move(totals));
    piece_.backward_weight(step, m);
  });
}

// Every rank finds the same totals; that of the last stage their loss, too.
void VocabularyPasses::backward_with_gradient(const Action& action, const StepContext& step,
                                              Recorder& recorder) {
  const int m = action.microbatch;
  std::vector<Tensor> statistics;
  recorder.record(action, true, [&] {
    statistics = take_from_pieces(Channel::kPieceTotals, m, step, text_of(action));
  });
  recorder.record(action, false, [&] {
    Tensor totals = loss_.count(step, m, input_shape(m, step), statistics);
    statistics.clear();
    mailbox_.send(message(Channel::kPieceResult, ranks_.last_rank, m, step),
                  piece_.backward_input(step, m, std::move(totals)));
    piece_.backward_weight(step, m);
  });
}

// A message owns its tensor: all but one get a copy.
void VocabularyPasses::send_to_pieces(Channel channel, int microbatch, Tensor tensor,
                                      const StepContext& step) {
  for (std::size_t piece = 0; piece + 1 < ranks_.pieces.size(); ++piece) {
    Tensor copy(ops_.pool(), tensor.shape(), tensor.dtype());
    std::memcpy(copy.data(), tensor.data(), tensor.bytes());
    mailbox_.send(message(channel, ranks_.pieces[piece], microbatch, step), std::move(copy));
  }
  mailbox_.send(message(channel, ranks_.pieces.back(), microbatch, step), std::move(tensor));
}

void VocabularyPasses::send_activations(int microbatch, Tensor y, const StepContext& step) {
  send_to_pieces(Channel::kPieceInput, microbatch, std::move(y), step);
}

void VocabularyPasses::post_from_pieces(Channel channel, int microbatch, const Shape& shape,
                                        const StepContext& step) {
  for (const int rank : ranks_.pieces) {
    mailbox_.post_receive(message(channel, rank, microbatch, step), shape, DType::kFloat32);
  }
}

std::vector<Tensor> VocabularyPasses::take_from_pieces(Channel channel, int microbatch,
                                                       const StepContext& step,
                                                       const std::string& needed_by) {
  std::vector<Tensor> tensors;
  tensors.reserve(ranks_.pieces.size());
  for (const int rank : ranks_.pieces) {
    tensors.push_back(mailbox_.take(message(channel, rank, microbatch, step), needed_by.c_str()));
  }
  return tensors;
}

void VocabularyPasses::post_results(int microbatch, const StepContext& step) {
  const Shape x = input_shape(microbatch, step);
  post_from_pieces(Channel::kPieceResult, microbatch,
                   waits_twice(step) ? x : piece_result_shape(x, step.mode), step);
}

Tensor VocabularyPasses::output_gradient(const Action& action, const StepContext& step,
                                         Recorder& recorder) {
  const int m = action.microbatch;
  std::vector<Tensor> results;
  recorder.record(action, true, [&] {
    results = take_from_pieces(Channel::kPieceResult, m, step, text_of(action));
  });
  if (waits_twice(step)) return sum_of_parts(ops_, std::move(results));
  VocabularyLoss::Combined combined = loss_.combine(step, m, input_shape(m, step), results);
  send_to_pieces(Channel::kPieceTotals, m, std::move(combined.totals), step);
  return std::move(combined.gradient);
}

void VocabularyPasses::finish_evaluation(const StepContext& step) {
  if (!ends_here() || step.mode == Mode::kTrain) return;
  for (int m = 0; m < step.microbatches; ++m) {
    loss_.count(step, m, input_shape(m, step),
                take_from_pieces(Channel::kPieceResult, m, step, "the loss"));
  }
}

}  // namespace pipetrain
