#include "pipeline/stage.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/index.h"
#include "ops/bfloat16.h"
#include "ops/entrywise.h"
#include "pipeline/loss.h"
#include "schedule/placement.h"

namespace pipetrain {
namespace {

Tensor copy_of(const Tensor& tensor, MemoryPool& pool) {
  Tensor copy(pool, tensor.shape(), tensor.dtype());
  std::memcpy(copy.data(), tensor.data(), tensor.bytes());
  return copy;
}

// Rows of a label have a text and what fills it up behind it, as a document of its own. From where
// that begins (rows): where each token's document begins (rows, T).
Tensor starts_of(const Tensor& lengths, std::int64_t tokens, MemoryPool& pool) {
  const std::int64_t rows = lengths.shape()[0];
  Tensor starts(pool, {rows, tokens}, DType::kInt32);
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int32_t length = lengths.i32()[row];
    std::int32_t* const first = starts.i32() + row * tokens;
    std::fill(first, first + length, 0);
    std::fill(first + length, first + tokens, length);
  }
  return starts;
}

// Of the rows that a layer takes; 0: they have no tokens any more.
std::int64_t tokens_of(const Layer& layer) {
  const bool ids = layer.input_dtype() == DType::kInt32;
  return ids || layer.input_row().rank() == 2 ? layer.input_row()[0] : 0;
}

// Where part `part` begins if `rows` are cut into `parts` that differ by one at most, the larger
// ones first.
std::int64_t first_of(std::int64_t rows, int parts, int part) {
  return part * (rows / parts) + std::min<std::int64_t>(part, rows % parts);
}

}  // namespace

std::int64_t StepContext::replica_rows() const {
  return first_of(rows, replicas, replica + 1) - first_of(rows, replicas, replica);
}

std::int64_t StepContext::first_row(int microbatch) const {
  return first_of(rows, replicas, replica) + first_of(replica_rows(), microbatches, microbatch);
}

std::int64_t StepContext::rows_of(int microbatch) const {
  return first_row(microbatch + 1) - first_row(microbatch);
}

Stage::Stage(int index, std::vector<Layer*> layers, bool last, Ops& ops,
             RecomputedLayers recomputed, Collective* tensor_group, DType messages)
    : index_(index),
      layers_(std::move(layers)),
      last_(last),
      ops_(ops),
      recomputed_(std::move(recomputed)),
      tensor_group_(tensor_group),
      messages_(messages) {
  assert(!layers_.empty());
  recomputed_.resize(layers_.size());
}

Shape Stage::input_shape(std::int64_t rows) const {
  return layers_.front()->input_row().batched(rows);
}

Shape Stage::output_shape(std::int64_t rows) const {
  return layers_.back()->output_row().batched(rows);
}

void Stage::begin(const StepContext& step, int taken) {
  slices_ = step.slices.count();
  taken_ = taken * slices_;
  const std::size_t count = pipetrain::index(step.microbatches * slices_);
  if (states_.size() < count) {
    states_.resize(count);
    for (SliceState& m : states_) {
      m.saved.resize(layers_.size());
      m.inputs.resize(layers_.size());
    }
  }
  for (std::size_t i = 0; i < states_.size(); ++i) {
    SliceState& m = states_[i];
    m.loss = 0;
    m.documents.reset();
    m.forgets = false;
    const bool follows = i % static_cast<std::size_t>(slices_) != 0;
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
      m.saved[layer].set_earlier(follows ? &states_[i - 1].saved[layer] : nullptr);
    }
  }
  correct_ = counted_ = weight_gradients_ = 0;
  not_finite_.clear();
}

Stage::SliceState& Stage::state(MicrobatchSlice which) {
  return states_[pipetrain::index(which.microbatch * slices_ + which.slice)];
}

const Stage::SliceState& Stage::state(MicrobatchSlice which) const {
  return states_[pipetrain::index(which.microbatch * slices_ + which.slice)];
}

void Stage::forget_after_forward(MicrobatchSlice which) { state(which).forgets = true; }

void Stage::take_documents(MicrobatchSlice which, Tensor starts) {
  Tensor& documents = state(which).documents;
  const std::int64_t tokens = tokens_of(*layers_.front());
  if (starts.shape().rank() == 2) {
    documents = std::move(starts);
  } else if (tokens > 0) {
    documents = starts_of(starts, tokens, ops_.pool());
  }
}

Context Stage::context(const StepContext& step, MicrobatchSlice which) const {
  const Tensor& documents = state(which).documents;
  // Of two copies each counts its own microbatches, as a replica does.
  const int taken = taken_ / slices_;
  const int before = copy_of_microbatch(which.microbatch, step.microbatches, step.copies) == 0
                         ? 0
                         : step.microbatches - taken;
  return {.ops = ops_,
          .mode = step.mode,
          .seed = step.seed,
          .step = step.step,
          .first_row = step.first_row(which.microbatch),
          .microbatch = which.microbatch - before,
          .microbatches = taken,
          .replicas = step.replicas * step.copies,
          .accumulate = weight_gradients_ > 0 && !around_weights_.takes_each_microbatch,
          .accumulate_buffers = weight_gradients_ > 0,
          .first_token = step.slices.first(which.slice),
          .document_starts = documents.empty() ? nullptr : documents.i32(),
          .tensor_group = tensor_group_};
}

WorkScope Stage::logged(const Layer& layer, const char* pass) const {
  return {ops_, [&] { return WorkPlace{layer.kind(), pass}; }};
}

void Stage::check(const StepContext& step, const Tensor& result, const Layer& layer,
                  const char* what, MicrobatchSlice which) {
  if (!step.check_finite || !not_finite_.empty() || result.empty()) return;
  if (all_finite(ops_, result)) return;
  not_finite_ = layer.name() + ", " + what + " of microbatch " + std::to_string(which.microbatch);
  if (slices_ > 1) not_finite_ += ", slice " + std::to_string(which.slice);
}

Tensor Stage::forward(const StepContext& step, MicrobatchSlice which, Tensor x, Tensor targets) {
  SliceState& m = state(which);
  Context c = context(step, which);
  if (!last_ && !targets.empty()) c.targets = targets.i32();
  x = converted(ops_, std::move(x), layers_.front()->input_dtype());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (m.forgets && begins_recomputed_run(i)) m.inputs[i] = copy_of(x, ops_.pool());
    {
      const WorkScope scope = logged(*layers_[i], "F");
      x = layers_[i]->forward(c, std::move(x), m.saved[i]);
    }
    if (m.forgets && recomputed_[i].whole) m.saved[i].clear();
    if (m.forgets)
      for_each_part(i, [&](std::size_t part) { layers_[i]->forget(part, m.saved[i]); });
    check(step, x, *layers_[i], "forward", which);
    poll_();
  }
  if (!last_) return converted(ops_, std::move(x), output_dtype());
  const bool forgets_loss = m.forgets && recomputed_.back().whole;
  const bool keeps_gradient = step.mode == Mode::kTrain && !forgets_loss;
  const float scale = keeps_gradient ? static_cast<float>(step.gradient_scale) : 0.0f;
  const WorkScope scope(ops_, [] { return WorkPlace{"loss", "F"}; });
  m.loss = loss_of(c, *layers_.back(), x, targets, scale, &correct_);
  counted_ += std::count_if(targets.i32(), targets.i32() + targets.elements(),
                            [](std::int32_t target) { return target >= 0; });
  if (keeps_gradient) m.loss_gradient = std::move(x);
  if (forgets_loss) m.targets = std::move(targets);
  return {};
}

void Stage::recompute(const StepContext& step, MicrobatchSlice which) {
  SliceState& m = state(which);
  const Context c = context(step, which);
  Tensor x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (!recomputed_[i].whole) continue;
    if (begins_recomputed_run(i)) x = std::move(m.inputs[i]);
    {
      const WorkScope scope = logged(*layers_[i], "R");
      x = layers_[i]->forward(c, std::move(x), m.saved[i]);
    }
    poll_();
  }
  if (!last_ || !recomputed_.back().whole) return;
  const Tensor targets = std::move(m.targets);
  const WorkScope scope(ops_, [] { return WorkPlace{"loss", "R"}; });
  loss_of(c, *layers_.back(), x, targets, static_cast<float>(step.gradient_scale));
  m.loss_gradient = std::move(x);
}

template <class Visit>
void Stage::for_each_part(std::size_t layer, const Visit& visit) const {
  const std::size_t count = layers_[layer]->remade_parts().size();
  for (std::size_t part = 0; part < count; ++part) {
    if (recomputed_[layer].has(part)) visit(part);
  }
}

Tensor Stage::input_gradient(const StepContext& step, MicrobatchSlice which, std::size_t layer,
                             Tensor dy) {
  SliceState& m = state(which);
  Layer& own = *layers_[layer];
  const Context c = context(step, which);
  if (m.forgets) {
    const WorkScope scope = logged(own, "R");
    for_each_part(layer, [&](std::size_t part) { own.remake(c, part, m.saved[layer]); });
  }
  {
    const WorkScope scope = logged(own, "I");
    dy = own.backward_input(c, std::move(dy), m.saved[layer]);
  }
  check(step, dy, own, "input gradient", which);
  poll_();
  return dy;
}

void Stage::weight_gradients(const StepContext& step, MicrobatchSlice which, std::size_t layer) {
  const bool completes = weight_gradients_ + 1 == taken_;
  around_weights_.before(layer);
  {
    const WorkScope scope = logged(*layers_[layer], "W");
    layers_[layer]->backward_weight(context(step, which), state(which).saved[layer]);
  }
  around_weights_.after(layer, completes);
  poll_();
}

Tensor Stage::loss_or_received(MicrobatchSlice which, Tensor dy) {
  if (last_) return std::move(state(which).loss_gradient);
  return converted(ops_, std::move(dy), layers_.back()->output_dtype());
}

Tensor Stage::handed_on(Tensor dx) {
  if ((first() && !hands_on_input_gradient_) || dx.empty()) return {};  // nobody waits for it
  return converted(ops_, std::move(dx), input_dtype());
}

Tensor Stage::backward_input(const StepContext& step, MicrobatchSlice which, Tensor dy) {
  dy = loss_or_received(which, std::move(dy));
  for (std::size_t i = layers_.size(); i-- > 0;) {
    dy = input_gradient(step, which, i, std::move(dy));
  }
  return handed_on(std::move(dy));
}

void Stage::backward_weight(const StepContext& step, MicrobatchSlice which) {
  for (std::size_t i = layers_.size(); i-- > 0;) weight_gradients(step, which, i);
  ++weight_gradients_;
}

Tensor Stage::backward(const StepContext& step, MicrobatchSlice which, Tensor dy,
                       const std::function<void()>& pass) {
  dy = loss_or_received(which, std::move(dy));
  for (std::size_t i = layers_.size(); i-- > 0;) {
    dy = input_gradient(step, which, i, std::move(dy));
    pass();
    weight_gradients(step, which, i);
    if (i > 0) pass();
  }
  ++weight_gradients_;
  return handed_on(std::move(dy));
}

void Stage::drop_forwards() {
  for (SliceState& m : states_) {
    for (Saved& saved : m.saved) saved.clear();
    for (Tensor& input : m.inputs) input.reset();
    for (Tensor* kept : {&m.targets, &m.loss_gradient, &m.documents}) kept->reset();
  }
}

double Stage::loss_sum() const {
  double sum = 0;
  for (const SliceState& m : states_) sum += m.loss;
  return sum;
}

}  // namespace pipetrain
