#include "pipeline/tied_gradients.h"

#include <cstddef>
#include <utility>

#include "ops/entrywise.h"

namespace pipetrain {
namespace {

// The two uses of a tied parameter, seen from one of them.
struct Ends {
  explicit Ends(const TiedParameter& tied)
      : mine(tied.earlier.here ? tied.earlier.stage : tied.later.stage),
        other(tied.earlier.here ? tied.later.stage : tied.earlier.stage) {}
  int mine, other;  // stages
};

bool both_here(const TiedParameter& tied) { return tied.earlier.here && tied.later.here; }

// A model ties one parameter at most, so a part of it names the message.
Message tied_message(int peer, int stage, std::size_t part, int parity) {
  return {Channel::kTied, peer, stage, static_cast<int>(part), parity};
}

}  // namespace

TiedGradients::TiedGradients(ParameterStore& parameters, Mailbox& mailbox, Ops& ops,
                             std::function<int(int)> rank_of_stage)
    : parameters_(parameters),
      mailbox_(mailbox),
      ops_(ops),
      rank_of_stage_(std::move(rank_of_stage)) {}

void TiedGradients::exchange(int stage, int parity) {
  for (TiedParameter& tied : parameters_.tied()) {
    const Ends ends(tied);
    if (both_here(tied) || stage != ends.mine) continue;
    const int peer = rank_of_stage_(ends.other);
    for (std::size_t i = 0; i < tied.parts.size(); ++i) {
      const TiedParameter::Kept& part = tied.parts[i];
      if (part.elements == 0) continue;
      float* gradient = tied.earlier.here ? part.earlier_gradient : part.slot_gradient;
      mailbox_.post_receive(tied_message(peer, ends.mine, i, parity), {part.elements},
                            DType::kFloat32);
      mailbox_.send(tied_message(peer, ends.other, i, parity),
                    Tensor::view(gradient, {part.elements}));
    }
  }
}

void TiedGradients::exchange_all(int parity) {
  for (const TiedParameter& tied : parameters_.tied()) exchange(Ends(tied).mine, parity);
}

void TiedGradients::add_up(int parity) {
  bool flushed = false;
  for (TiedParameter& tied : parameters_.tied()) {
    const Ends ends(tied);
    for (std::size_t i = 0; i < tied.parts.size(); ++i) {
      const auto& [slot, earlier, elements] = tied.parts[i];
      if (elements == 0) continue;
      const Matrix own(slot, 1, elements);
      const ConstMatrix other(earlier, 1, elements);
      if (both_here(tied)) {
        add(ops_, own, other);
        continue;
      }
      const Tensor theirs = mailbox_.take(
          tied_message(rank_of_stage_(ends.other), ends.mine, i, parity), "the tied gradient");
      if (!flushed) mailbox_.flush();  // what is still being sent must not change
      flushed = true;
      // The earlier use's stays as it is: another stage of this rank may have a view of it.
      if (tied.earlier.here) {
        sum(ops_, theirs, other, own);
      } else {
        add(ops_, own, theirs);
      }
    }
  }
}

}  // namespace pipetrain
