// A stage: a run of consecutive layers, and what each microbatch in flight keeps in them.
// It must not know schedules, messages or layer kinds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer.h"
#include "nn/sequence_slices.h"
#include "ops/work_log.h"
#include "schedule/memory_choices.h"
#include "tensor/precision.h"

namespace pipetrain {

// One step of one pipeline: what all its stages need to know.
struct StepContext {
  Mode mode = Mode::kTrain;
  std::int64_t step =
      0;  // of training; also numbers evaluation's batches, so that message parities alternate
  std::int64_t rows = 0;          // of the batch, over all replicas and microbatches
  int replicas = 1, replica = 0;  // of the pipeline; which of them this is
  int microbatches = 1;           // of this replica
  // Of every stage, in this step: each microbatch passes through one (copy_of_microbatch() in
  // schedule/placement.h).
  int copies = 1;
  std::uint64_t seed = 0;  // of the layers' random numbers
  double gradient_scale =
      0;                   // 1 / number of targets of the step, over all microbatches and replicas
  bool documents = false;  // rows hold documents that do not see each other
  bool check_finite = false;   // look for the first layer whose result is not finite
  SequenceSlices slices = {};  // of each microbatch's rows

  // Keeps apart the messages of this step, the next, and of evaluations between them.
  int parity() const { return static_cast<int>(step % 2) + (mode == Mode::kTrain ? 0 : 2); }
  // The batch is cut over the replicas, each replica's rows over its microbatches. All microbatches
  // of a step differ in size by at most one row; a replica's larger ones come first.
  std::int64_t replica_rows() const;
  std::int64_t first_row(int microbatch) const;  // in the batch
  std::int64_t rows_of(int microbatch) const;
};

// A microbatch, or a slice of its rows' sequences.
struct MicrobatchSlice {
  MicrobatchSlice(int of_microbatch, int of_slice = 0)
      : microbatch(of_microbatch), slice(of_slice) {}
  int microbatch, slice;
};

class Stage {
 public:
  // `layers` in order; `last` says that the model's loss follows. The layers outlive the stage.
  // `recomputed`: what of each layer is made again where forget_after_forward() says so; empty:
  // nothing. The loss goes with the last layer, if that is whole. `tensor_group`: the ranks that
  // share the layers; null if there is one. `messages`: what float32 is handed on as to the next
  // stage, and back to the one before.
  Stage(int index, std::vector<Layer*> layers, bool last, Ops& ops,
        RecomputedLayers recomputed = {}, Collective* tensor_group = nullptr,
        DType messages = DType::kFloat32);

  int index() const { return index_; }
  bool first() const { return index_ == 0; }
  bool last() const { return last_; }
  const std::vector<Layer*>& layers() const { return layers_; }
  MemoryPool& pool() const { return ops_.pool(); }
  Shape input_shape(std::int64_t rows) const;  // with the batch in front
  Shape output_shape(std::int64_t rows) const;
  // Of what the stage before hands on, and of what this one does; gradients go back likewise.
  DType input_dtype() const { return message_dtype(layers_.front()->input_dtype(), messages_); }
  DType output_dtype() const { return message_dtype(layers_.back()->output_dtype(), messages_); }
  DType data_dtype() const { return layers_.front()->data_dtype(); }  // of the first stage's input

  // Of the first stage, whose input is then not the data: its gradient goes on.
  void hand_on_input_gradient() { hands_on_input_gradient_ = true; }
  // Called between layers, so that messages move while a stage computes.
  void set_poll(std::function<void()> poll) { poll_ = std::move(poll); }

  // Called in backward_weight before and after each layer. With the last microbatch's the gradients
  // of the layer, and those of all layers behind it, are complete.
  struct AroundWeights {
    std::function<void(std::size_t layer)> before = [](std::size_t) {};
    std::function<void(std::size_t layer, bool last_microbatch)> after = [](std::size_t, bool) {};
    bool takes_each_microbatch = false;  // its gradients: nothing is there to be added to
  };
  void set_around_weights(AroundWeights around) { around_weights_ = std::move(around); }

  // Makes room for a step of this many microbatches and forgets the losses of the one before.
  // `taken`: how many of them pass through this stage, where it is one of two copies.
  void begin(const StepContext& step, int taken);
  void begin(const StepContext& step) { begin(step, step.microbatches); }
  // In this step other work comes between this slice's forward and its backward: forward keeps
  // of each run of recomputed layers only the input, of others not the parts that are made again,
  // and of the loss only its value. A stage with recomputed layers must recompute() before the
  // backward.
  void forget_after_forward(MicrobatchSlice which);
  // Where the documents of a slice's rows begin (rows, T), as Context::document_starts; until the
  // next begin().
  void take_documents(MicrobatchSlice which, Tensor starts);
  // The last stage takes the targets, adds up the loss and returns an empty tensor; the others
  // return y. A stage that is a piece of the vocabulary gives the targets to its layer.
  Tensor forward(const StepContext& step, MicrobatchSlice which, Tensor x, Tensor targets);
  // Runs the forward of the recomputed layers again: they are as if they had kept all.
  void recompute(const StepContext& step, MicrobatchSlice which);
  // The last stage takes an empty dy: its loss kept the gradient. The first one returns an empty
  // dx, but for hand_on_input_gradient().
  Tensor backward_input(const StepContext& step, MicrobatchSlice which, Tensor dy);
  void backward_weight(const StepContext& step, MicrobatchSlice which);
  // Both of each layer in turn, where nobody waits for dx. What a layer keeps is freed before the
  // one below makes more. Calls pass() whenever it goes from one to the other.
  Tensor backward(const StepContext& step, MicrobatchSlice which, Tensor dy,
                  const std::function<void()>& pass);

  // Forgets all that forwards have kept for their backwards: they are to run again, after begin().
  void drop_forwards();

  double loss_sum() const;                           // of all since begin(), in ascending order
  std::int64_t correct() const { return correct_; }  // targets whose logit is the largest
  std::int64_t counted() const { return counted_; }  // targets that are not below 0

  // "layers.3.attention, forward of microbatch 2" of the first result that was not finite; empty if
  // none (check_finite).
  const std::string& not_finite() const { return not_finite_; }

 private:
  struct SliceState {
    std::vector<Saved> saved;    // one per layer
    std::vector<Tensor> inputs;  // one per layer; of the first of each run of recomputed layers
    Tensor targets;              // until the loss is recomputed
    Tensor loss_gradient;        // of the logits; last stage
    Tensor documents;            // where they begin, of separate ones
    double loss = 0;
    bool forgets = false;  // forget_after_forward()
  };

  SliceState& state(MicrobatchSlice which);
  const SliceState& state(MicrobatchSlice which) const;
  Context context(const StepContext& step, MicrobatchSlice which) const;
  // Until it ends, operations are logged as those of this layer's F, I, W or R.
  WorkScope logged(const Layer& layer, const char* pass) const;
  bool begins_recomputed_run(std::size_t layer) const {
    return recomputed_[layer].whole && (layer == 0 || !recomputed_[layer - 1].whole);
  }
  // visit(part) for those of a layer that are made again.
  template <class Visit>
  void for_each_part(std::size_t layer, const Visit& visit) const;
  // What backward begins with.
  Tensor loss_or_received(MicrobatchSlice which, Tensor dy);
  // What it ends with.
  Tensor handed_on(Tensor dx);
  // One layer of backward_input() and of backward_weight().
  Tensor input_gradient(const StepContext& step, MicrobatchSlice which, std::size_t layer,
                        Tensor dy);
  void weight_gradients(const StepContext& step, MicrobatchSlice which, std::size_t layer);
  void check(const StepContext& step, const Tensor& result, const Layer& layer, const char* what,
             MicrobatchSlice which);

  int index_;
  std::vector<Layer*> layers_;
  bool last_, hands_on_input_gradient_ = false;
  Ops& ops_;
  RecomputedLayers recomputed_;
  Collective* tensor_group_;
  DType messages_;
  std::function<void()> poll_ = [] {};
  AroundWeights around_weights_;
  std::vector<SliceState> states_;  // microbatch by microbatch
  int slices_ = 1;                  // of each
  int taken_ = 0;                   // slices of a step that pass through this stage
  int weight_gradients_ = 0;        // backward_weight calls since begin(): the first overwrites
  std::int64_t correct_ = 0, counted_ = 0;
  std::string not_finite_;
};

}  // namespace pipetrain
