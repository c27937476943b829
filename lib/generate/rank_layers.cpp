#include "generate/rank_layers.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"
#include "ops/peak.h"
#include "pipeline/partition.h"
#include "setup/weights.h"

namespace pipetrain {
namespace {

// Of a table of tokens one row is read for each, so it is no work.
bool looks_up(const Layer& layer) { return layer.input_dtype() == DType::kInt32; }

// Where many sequences pass the ranks at once, the one that reads most weights sets the pace.
Partition partition_by_work(const std::vector<std::unique_ptr<Layer>>& layers, int ranks) {
  if (ranks > static_cast<int>(layers.size())) {
    throw Error(ExitCode::kConfiguration,
                std::to_string(ranks) + " ranks were started, but the model has " +
                    std::to_string(layers.size()) + " layers; start at most one for each");
  }
  std::vector<double> elements;
  for (const auto& layer : layers) {
    double sum = 1;
    for (const Parameter& p : layer->parameters()) {
      if (!looks_up(*layer)) sum += static_cast<double>(p.elements());
    }
    elements.push_back(sum);
  }
  return balanced_partition(elements, ranks);
}

// x (B, t, C) -> (B, 1, C)
Tensor last_token(MemoryPool& pool, Tensor x) {
  const std::int64_t rows = x.shape()[0], tokens = x.shape()[1], width = x.shape()[2];
  if (tokens == 1) return x;
  Tensor last(pool, {rows, 1, width});
  for (std::int64_t row = 0; row < rows; ++row) {
    std::memcpy(last.f32() + row * width, x.f32() + ((row + 1) * tokens - 1) * width,
                static_cast<std::size_t>(width) * sizeof(float));
  }
  return last;
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

RankLayers::RankLayers(LanguageModel& model, const Checkpoint& checkpoint, int rank, int ranks,
                       MemoryPool& pool, DType weights)
    : model_(model), pool_(pool), ops_(pool) {
  const int layers = static_cast<int>(model.layers.size());
  const Partition partition = partition_by_work(model.layers, ranks);
  begin_ = partition[static_cast<std::size_t>(rank)];
  end_ = rank + 1 == ranks ? layers : partition[static_cast<std::size_t>(rank) + 1];
  std::vector<Layer*> mine;
  for (int i = 0; i < layers; ++i) {
    if (layer(i).reach() == Reach::kPast) last_past_ = i;
    if (i >= begin_ && i < end_) mine.push_back(&layer(i));
  }
  saved_.resize(mine.size());
  if (weights == DType::kBFloat16) rounded_.emplace(ops_, checkpoint, mine);
  weights_ = std::make_unique<WholeParameters>(pool, ParameterIndex(model.layers),
                                               StageLayers{std::move(mine)});
  load_weights(checkpoint, *weights_, model.layers);
}

std::int64_t RankLayers::width() const { return layer(begin_).input_row().back(); }

// Rows at several positions stand in one batch as documents that begin at several places of rows
// that end together.
Tensor RankLayers::forward(const KeptRows& rows, Tensor x, const std::function<void()>& poll) {
  assert(rows.count() == x.shape()[0] && (rows.count() == 1 || x.shape()[1] == 1));
  const std::int64_t last = std::ranges::max(rows.positions);
  starts_.clear();
  for (const std::int64_t position : rows.positions) {
    starts_.push_back(static_cast<std::int32_t>(last - position));
  }
  const Context context{.ops = ops_,
                        .mode = Mode::kEvaluate,
                        .first_row = rows.first,
                        .in_parts = true,
                        .first_token = last,
                        .document_starts = rows.count() > 1 ? starts_.data() : nullptr};
  for (int i = begin_; i < end_; ++i) {
    Saved& saved = saved_[static_cast<std::size_t>(i - begin_)];
    x = layer(i).forward(context, std::move(x), saved);
    if (i == last_past_) x = last_token(pool_, std::move(x));
    poll();
  }
  return x;
}

std::vector<ConstMatrix> RankLayers::read_weights() const {
  std::vector<ConstMatrix> read;
  for (int i = begin_; i < end_; ++i) {
    if (looks_up(layer(i))) continue;
    for (const Parameter& p : layer(i).parameters()) {
      read.push_back(p.rounded != nullptr ? ConstMatrix(p.rounded, 1, p.elements())
                                          : ConstMatrix(p.value, 1, p.elements()));
    }
  }
  return read;
}

std::size_t RankLayers::weight_bytes() const {
  std::size_t bytes = 0;
  for (const ConstMatrix& weights : read_weights()) {
    bytes += static_cast<std::size_t>(weights.entries()) * element_bytes(weights.dtype());
  }
  return bytes;
}

double RankLayers::read_seconds() {
  constexpr int kTimes = 5;
  double best = 0;
  for (int time = 0; time < kTimes; ++time) {
    const double start = seconds_now();
    for (const ConstMatrix& weights : read_weights()) read_all(ops_, weights);
    const double seconds = seconds_now() - start;
    if (time == 0 || seconds < best) best = seconds;
  }
  return best;
}

}  // namespace pipetrain
