#include "pipeline/gradient_reducer.h"

#include "ops/activation.h"

namespace pipetrain {
namespace {

// A tied gradient's message is named after the parameter's position among the rank's tied
// parameters.
Message tied_message(int peer, int stage, std::size_t index, int parity) {
  return {Channel::kTied, peer, stage, static_cast<int>(index), parity};
}

}  // namespace

GradientReducer::GradientReducer(ParameterStore& parameters, Mailbox& mailbox, Ops& ops,
                                 std::function<int(int)> rank_of_stage, ReplicaSum* replicas)
    : parameters_(parameters),
      mailbox_(mailbox),
      ops_(ops),
      rank_of_stage_(std::move(rank_of_stage)),
      replicas_(replicas) {}

void GradientReducer::begin() {
  if (replicas_ != nullptr) replicas_->begin();
}

void GradientReducer::layer_done(std::size_t stage, std::size_t layer) {
  if (replicas_ == nullptr) return;
  replicas_->complete(stage, parameters_.stages()[stage].layer_offsets[layer]);
}

void GradientReducer::poll() {
  if (replicas_ != nullptr) replicas_->poll();
}

void GradientReducer::start(int stage, int parity) {
  for (std::size_t i = 0; i < parameters_.tied().size(); ++i) {
    TiedParameter& tied = parameters_.tied()[i];
    if (tied.has_earlier && tied.has_later) continue;
    const Shape shape = tied.slot.parameter->shape;
    const int mine = tied.has_earlier ? tied.earlier_stage : tied.later_stage;
    const int other = tied.has_earlier ? tied.later_stage : tied.earlier_stage;
    if (stage != mine) continue;
    const int peer = rank_of_stage_(other);
    mailbox_.post_receive(tied_message(peer, mine, i, parity), shape, DType::kFloat32);
    float* gradient = tied.has_earlier ? tied.earlier_gradient.f32() : tied.slot_gradient;
    mailbox_.send(tied_message(peer, other, i, parity), Tensor::view(gradient, shape));
  }
}

void GradientReducer::finish(int parity) {
  add_tied(parity);
  if (replicas_ == nullptr) return;
  replicas_->complete_tied();
  replicas_->finish();
}

void GradientReducer::add_tied(int parity) {
  bool flushed = false;
  for (std::size_t i = 0; i < parameters_.tied().size(); ++i) {
    TiedParameter& tied = parameters_.tied()[i];
    const std::int64_t n = tied.slot.elements;
    if (tied.has_earlier && tied.has_later) {
      add(ops_, n, tied.slot_gradient, tied.earlier_gradient.f32());
      continue;
    }
    const int mine = tied.has_earlier ? tied.earlier_stage : tied.later_stage;
    const int other = tied.has_earlier ? tied.later_stage : tied.earlier_stage;
    const Tensor theirs =
        mailbox_.take(tied_message(rank_of_stage_(other), mine, i, parity), "the tied gradient");
    if (!flushed) mailbox_.flush();  // what is still being sent must not change
    flushed = true;
    if (tied.has_earlier) {
      sum(ops_, n, theirs.f32(), tied.earlier_gradient.f32(), tied.slot_gradient);
    } else {
      add(ops_, n, tied.slot_gradient, theirs.f32());
    }
  }
}

}  // namespace pipetrain
