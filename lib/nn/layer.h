// A layer: the smallest unit of a model, with its forward and its two gradients as three separate
// calls. It must not know stages, schedules or messages: all state of a microbatch is in Saved,
// which the caller keeps.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "comm/collective.h"
#include "nn/parameter.h"
#include "ops/matrix.h"
#include "ops/ops.h"
#include "ops/work_log.h"
#include "tensor/tensor.h"

namespace pipetrain {

enum class Mode : std::uint8_t { kTrain, kEvaluate };

// What a layer's activations are in memory, and their gradients; parameters are always float32.
struct Precision {
  DType activations = DType::kFloat32;  // or kBFloat16
  bool last = false;                    // its outputs are logits, best left in float32
};

// What of a row (T, ...) a layer's y follows from, for each of its tokens: that token of x, those
// up to it, or the whole row.
enum class Reach : std::uint8_t { kToken, kPast, kRow };

// When a piece of a head makes its part of the gradient of what comes before it: with its forward,
// to be rescaled by the totals of all pieces, or in its backward, from these.
enum class PieceGradient : std::uint8_t { kInForward, kInBackward };

struct Context {
  Ops& ops;
  Mode mode = Mode::kTrain;
  std::uint64_t seed = 0;  // of the layers' random numbers, with their name, step and row
  std::int64_t step = 0;
  std::int64_t first_row =
      0;  // of this microbatch, in the step's batch over all microbatches and replicas
  int microbatch = 0, microbatches = 1;  // of the step
  int replicas = 1;         // more: since the step before, others have added to the gradients
  bool accumulate = false;  // backward_weight adds to the gradients; else it overwrites them
  bool accumulate_buffers = false;  // likewise to the next values of buffers
  // Of kEvaluate: the rows' tokens come a few at a time, these from first_token on. A layer that
  // reaches into the past keeps in Saved what it needs of them for those that follow.
  bool in_parts = false;
  // Above 0, too, where the rows are a slice of a microbatch's in training: Saved::earlier() has
  // what the slices before it keep.
  std::int64_t first_token = 0;
  // Of rows that hold documents which do not see each other: for each token (B, T) the place in its
  // row at which its document begins. Null: a row is one document.
  const std::int32_t* document_starts = nullptr;
  // Of the rows, for a layer that holds a piece of the vocabulary: their targets, or of a piece of
  // the embedding's table their ids. Else null.
  const std::int32_t* targets = nullptr;
  // The ranks that share the layers, each with a slice. Null where there is one rank, and where a
  // slice is timed alone: then sums are left out.
  Collective* tensor_group = nullptr;

  // `part` becomes the sum over the group, the same bits on every rank.
  void sum_over_group(Tensor& part) const {
    if (tensor_group == nullptr) return;
    const WorkScope scope(
        ops, [] { return Work{.operation = "sum over ranks", .kind = WorkKind::kOther}; });
    tensor_group->all_reduce(part.floats());
  }
};

// What one layer keeps of one microbatch between its three calls. Each layer names its slots; one
// made of layers has a Saved for each.
class Saved {
 public:
  Tensor& operator[](int slot) { return slots_[static_cast<std::size_t>(slot)]; }
  void make_room(std::size_t inner_layers) {
    if (inner_.size() < inner_layers) inner_.resize(inner_layers);
    for (std::size_t i = 0; i < inner_.size(); ++i) {
      inner_[i].earlier_ = earlier_ == nullptr ? nullptr : &earlier_->inner_[i];
    }
  }
  Saved& inner(std::size_t layer) { return inner_[layer]; }
  // Of the same rows' slice before this one; null for the first one.
  Saved* earlier() const { return earlier_; }
  void set_earlier(Saved* earlier) { earlier_ = earlier; }
  void clear() {
    for (Tensor& slot : slots_) slot.reset();
    for (Saved& inner : inner_) inner.clear();
  }

 private:
  std::array<Tensor, 8> slots_;
  std::vector<Saved> inner_;
  Saved* earlier_ = nullptr;
};

// Something that a layer may leave out of Saved after forward and make again for its backward, with
// the same bits.
struct RemadePart {
  const char* name;           // "hidden"; in lists behind the layer's name
  double flop = 0;            // of the products that make it again, counted as forward_flop()
  std::int64_t elements = 0;  // of a row, over all ranks that share the layer
  bool seen_later = false;    // the forward of later slices of the same rows looks at it
};

class Layer {
 public:
  // Row shapes leave out the batch: (T, C) for tokens. A model's name for the layer:
  // "layers.3.attention".
  Layer(std::string name, Shape input_row, Shape output_row)
      : name_(std::move(name)), input_row_(input_row), output_row_(output_row) {}
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  // x (B, input row) -> y (B, output row). In kEvaluate nothing is saved, unless rows come in
  // parts: then x is (B, t, ...) with any number t of tokens up to the row's, and so is y.
  virtual Tensor forward(const Context& context, Tensor x, Saved& saved) = 0;
  // dy -> dx, both shaped as in forward; keeps in `saved` what backward_weight needs and frees the
  // rest. A layer whose input has no gradient (token ids) returns an empty tensor.
  virtual Tensor backward_input(const Context& context, Tensor dy, Saved& saved) = 0;
  // Adds to, or overwrites, the parameters' gradients; frees `saved`.
  virtual void backward_weight(const Context& context, Saved& saved) = 0;

  // What the two calls below are about, by its place in this list. Between forward and
  // backward_input some may be forgotten; remake() in ascending order then makes Saved whole again.
  virtual std::vector<RemadePart> remade_parts() const { return {}; }
  virtual void forget(std::size_t /*part*/, Saved&) const {}
  virtual void remake(const Context&, std::size_t /*part*/, Saved&) const {}

  const std::string& name() const { return name_; }
  std::string kind() const { return name_.substr(name_.rfind('.') + 1); }  // "attention"
  Shape input_row() const { return input_row_; }
  Shape output_row() const { return output_row_; }
  // Of x and y. The gradients of both are of the kind activations().
  virtual DType input_dtype() const { return activations_; }
  virtual DType output_dtype() const { return activations_; }
  DType activations() const { return activations_; }
  // Of the model's input, if this is the first layer: ids, or numbers not rounded yet.
  DType data_dtype() const {
    return input_dtype() == DType::kInt32 ? DType::kInt32 : DType::kFloat32;
  }
  // Before anything runs.
  virtual void set_precision(const Precision& precision) { activations_ = precision.activations; }
  // Rows may come in parts unless this is kRow.
  virtual Reach reach() const { return Reach::kRow; }
  // Whether tokens of one document never follow from those of another in the same row, and
  // positions begin anew in each, where Context says which is which.
  virtual bool separates_documents() const { return reach() == Reach::kToken; }
  std::vector<Parameter>& parameters() { return parameters_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  std::vector<Buffer>& buffers() { return buffers_; }
  // Along its last axis the output may be shared over a tensor-parallel group: then y has, from
  // first_output() on, some of outputs().
  virtual std::int64_t outputs() const { return output_row_.back(); }
  virtual std::int64_t first_output() const { return 0; }
  bool shares_outputs() const { return outputs() > output_row_.back(); }
  // Floating-point operations of the forward's matrix products for one row of the batch, over all
  // ranks that share the layer; a backward costs twice that.
  virtual double forward_flop() const { return 0; }
  // The same of a row's first tokens alone, where each follows from those before it at most.
  virtual double forward_flop_of_first(std::int64_t tokens) const {
    return forward_flop() * static_cast<double>(tokens) / static_cast<double>(input_row_[0]);
  }
  // Each token of y weighs many of x: what `pipeline.recompute: attention` runs again.
  virtual bool attends() const { return false; }
  // Of a head whose rows of the vocabulary the ranks of the pipeline share out: the layer that the
  // rank of this place has in its stead. Null where it cannot be shared out so.
  virtual std::unique_ptr<Layer> vocabulary_piece(const TensorPlace&, PieceGradient) const {
    return nullptr;
  }
  // Likewise of an embedding: the layer with this place's rows of the table, and what is left,
  // which takes rows that have been looked up and gives their gradient. Null where its rows cannot
  // be shared out so.
  virtual std::unique_ptr<Layer> embedding_piece(const TensorPlace&) const { return nullptr; }
  virtual std::unique_ptr<Layer> without_table() const { return nullptr; }
  // What ranks that share the layer sum over their group in a forward and a backward of one row:
  // so many tensors of so many entries.
  struct GroupSums {
    int count = 0;
    std::int64_t elements = 0;
  };
  virtual GroupSums group_sums() const { return {}; }

 protected:
  friend class Norm;  // a part of a layer, which finds its parameters here

  // Appends a parameter named "<layer>.<suffix>", or this rank's slice of it; returns its index.
  std::size_t add_parameter(const std::string& suffix, Shape whole, Initial initial,
                            Slicing slicing = {}) {
    const Shape shape = shape_of(slicing, whole);
    parameters_.push_back({name_ + "." + suffix, shape, initial, whole, std::move(slicing)});
    return parameters_.size() - 1;
  }
  // The same for one that is read by matrix() alone.
  std::size_t add_matrix(const std::string& suffix, Shape whole, Initial initial,
                         Slicing slicing = {}) {
    const std::size_t index = add_parameter(suffix, whole, initial, std::move(slicing));
    parameters_[index].is_matrix = true;
    return index;
  }
  // Appends a buffer, likewise.
  std::size_t add_buffer(const std::string& suffix, Shape shape, float initial) {
    buffers_.push_back({name_ + "." + suffix, shape, initial});
    return buffers_.size() - 1;
  }
  // Takes over the parameters and buffers of a layer that this one is made of; that layer finds
  // them here.
  void adopt(Layer& inner);

  // Null for kNone: a parameter that the layer's options leave out.
  static constexpr std::size_t kNone = ~std::size_t{0};
  const float* value(std::size_t index) const {
    return index == kNone ? nullptr : parameter(index).value;
  }
  // As it lies in memory: float32, or rounded.
  ConstMatrix matrix(std::size_t index) const {
    const Parameter& p = parameter(index);
    const std::int64_t columns = p.shape.back(), rows = p.shape.elements() / columns;
    return p.rounded != nullptr ? ConstMatrix(p.rounded, rows, columns)
                                : ConstMatrix(p.value, rows, columns);
  }
  float* gradient(std::size_t index) const {
    return index == kNone ? nullptr : parameter(index).gradient;
  }
  // Of a parameter that is looked_up.
  std::vector<std::int32_t>& touched_rows(std::size_t index) {
    return owner_ == nullptr ? parameters_[index].touched_rows
                             : owner_->touched_rows(first_parameter_ + index);
  }
  const Buffer& buffer(std::size_t index) const {
    return owner_ == nullptr ? buffers_[index] : owner_->buffer(first_buffer_ + index);
  }

 private:
  const Parameter& parameter(std::size_t index) const {
    return owner_ == nullptr ? parameters_[index] : owner_->parameter(first_parameter_ + index);
  }

  std::string name_;
  Shape input_row_, output_row_;
  DType activations_ = DType::kFloat32;
  std::vector<Parameter> parameters_;
  std::vector<Buffer> buffers_;
  Layer* owner_ = nullptr;                              // which adopted this layer
  std::size_t first_parameter_ = 0, first_buffer_ = 0;  // in the owner's
};

using LayerList = std::vector<std::unique_ptr<Layer>>;

inline void Layer::adopt(Layer& inner) {
  inner.owner_ = this;
  inner.first_parameter_ = parameters_.size();
  inner.first_buffer_ = buffers_.size();
  std::move(inner.parameters_.begin(), inner.parameters_.end(), std::back_inserter(parameters_));
  std::move(inner.buffers_.begin(), inner.buffers_.end(), std::back_inserter(buffers_));
  inner.parameters_.clear();
  inner.buffers_.clear();
}

}  // namespace pipetrain
