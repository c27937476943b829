#include "generate/generator.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"
#include "pipeline/partition.h"
#include "setup/weights.h"

namespace pipetrain {
namespace {

constexpr const char* kNeededBy = "the next token";

// A sequence passes the ranks one after the other, so the cut decides their memory alone.
Partition partition_by_memory(const std::vector<std::unique_ptr<Layer>>& layers, int ranks) {
  if (ranks > static_cast<int>(layers.size())) {
    throw Error(ExitCode::kConfiguration,
                std::to_string(ranks) + " ranks were started, but the model has " +
                    std::to_string(layers.size()) + " layers; start at most one for each");
  }
  std::vector<double> elements;
  for (const auto& layer : layers) {
    double sum = 1;
    for (const Parameter& p : layer->parameters()) sum += static_cast<double>(p.elements());
    elements.push_back(sum);
  }
  return balanced_partition(elements, ranks);
}

// x (1, t, C) -> (1, 1, C)
Tensor last_token(MemoryPool& pool, Tensor x) {
  const std::int64_t tokens = x.shape()[1], width = x.shape()[2];
  if (tokens == 1) return x;
  Tensor last(pool, {1, 1, width});
  std::memcpy(last.data(), x.f32() + (tokens - 1) * width, last.bytes());
  return last;
}

}  // namespace

SlidingWindow::NewTokens SlidingWindow::next(std::int64_t length) {
  assert(length > given_);
  if (length - start_ > context_) {
    const std::int64_t kept = given_ == 0 ? context_ : std::max<std::int64_t>(1, context_ / 2);
    start_ = given_ = length - kept;
  }
  const NewTokens part{given_, length - given_, given_ - start_};
  given_ = length;
  return part;
}

int useful_threads(std::size_t weight_bytes) {
  constexpr std::size_t kBytesPerThread = std::size_t{16} << 20;
  return static_cast<int>(1 + std::min<std::size_t>(weight_bytes / kBytesPerThread, 1023));
}

Generator::Generator(LanguageModel& model, const Checkpoint& checkpoint,
                     const SamplingOptions& sampling, Mailbox& mailbox, MemoryPool& pool)
    : model_(model), mailbox_(mailbox), pool_(pool), ops_(pool), sampler_(sampling) {
  const int layers = static_cast<int>(model.layers.size());
  const Partition partition = partition_by_memory(model.layers, mailbox.size());
  begin_ = partition[static_cast<std::size_t>(mailbox.rank())];
  end_ = last() ? layers : partition[static_cast<std::size_t>(mailbox.rank()) + 1];
  std::vector<Layer*> mine;
  for (int i = 0; i < layers; ++i) {
    Layer& layer = *model.layers[static_cast<std::size_t>(i)];
    if (layer.reach() == Reach::kPast) last_past_ = i;
    if (i >= begin_ && i < end_) mine.push_back(&layer);
  }
  saved_.resize(mine.size());
  weights_ = std::make_unique<WholeParameters>(pool, ParameterIndex(model.layers),
                                               StageLayers{std::move(mine)});
  load_weights(checkpoint, *weights_, model.layers);
}

std::int64_t Generator::run(std::vector<std::int32_t> prompt, std::int64_t count,
                            const std::function<void(std::int32_t)>& show) {
  assert(!prompt.empty());
  std::vector<std::int32_t> sequence = std::move(prompt);
  SlidingWindow window(model_.context);
  std::int64_t made = 0;
  while (made < count) {
    const auto length = static_cast<std::int64_t>(sequence.size());
    sequence.push_back(step(sequence, window.next(length)));
    ++made;
    if (sequence.back() == model_.tokenizer->end_of_text()) break;
    if (first()) show(sequence.back());
  }
  mailbox_.flush();
  return made;
}

Tensor Generator::receive(const Message& message, const Shape& shape, DType dtype) {
  mailbox_.post_receive(message, shape, dtype);
  return mailbox_.take(message, kNeededBy);
}

// The new tokens, or what the rank before made of them.
Tensor Generator::input(const std::vector<std::int32_t>& sequence,
                        const SlidingWindow::NewTokens& part, int parity) {
  if (first()) {
    Tensor ids(pool_, {1, part.tokens}, DType::kInt32);
    std::memcpy(ids.data(), sequence.data() + part.begin, ids.bytes());
    return ids;
  }
  const std::int64_t tokens = begin_ > last_past_ ? 1 : part.tokens;
  const std::int64_t width = model_.layers[static_cast<std::size_t>(begin_)]->input_row().back();
  return receive({Channel::kActivation, mailbox_.rank() - 1, mailbox_.rank(), 0, parity},
                 {1, tokens, width}, DType::kFloat32);
}

Tensor Generator::forward(Tensor x, const SlidingWindow::NewTokens& part) {
  const Context context{
      .ops = ops_, .mode = Mode::kEvaluate, .in_parts = true, .first_token = part.first_position};
  for (int i = begin_; i < end_; ++i) {
    Saved& saved = saved_[static_cast<std::size_t>(i - begin_)];
    x = model_.layers[static_cast<std::size_t>(i)]->forward(context, std::move(x), saved);
    if (i == last_past_) x = last_token(pool_, std::move(x));
    mailbox_.poll();
  }
  return x;
}

std::int32_t Generator::step(const std::vector<std::int32_t>& sequence,
                             const SlidingWindow::NewTokens& part) {
  const auto place = static_cast<std::int64_t>(sequence.size());
  const int parity = static_cast<int>(place % 2);
  Tensor y = forward(input(sequence, part, parity), part);
  if (last()) {
    const std::int32_t drawn =
        sampler_.draw({y.f32(), static_cast<std::size_t>(model_.tokens())}, place, sequence);
    for (int rank = 0; rank < mailbox_.rank(); ++rank) {
      Tensor token(pool_, {1}, DType::kInt32);
      token.i32()[0] = drawn;
      mailbox_.send({Channel::kControl, rank, 0, 0, parity}, std::move(token));
    }
    return drawn;
  }
  const int next = mailbox_.rank() + 1;
  mailbox_.send({Channel::kActivation, next, next, 0, parity}, std::move(y));
  return receive({Channel::kControl, mailbox_.size() - 1, 0, 0, parity}, {1}, DType::kInt32)
      .i32()[0];
}

}  // namespace pipetrain
