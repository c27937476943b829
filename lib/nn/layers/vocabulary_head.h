// A piece of a model's head, where the vocabulary is over the pipeline: some rows of the table and
// what follows from them alone (Yeung et al. 2024, arXiv 2411.05288, section 4). It must not know
// other pieces, stages or messages.
#pragma once

#include <cstddef>
#include <string>

#include "nn/layer.h"

namespace pipetrain {

class VocabularyHead final : public Layer {
 public:
  // `weight` and `bias`, which may be null, are those of the whole head (features, C) and
  // (features); their rows are shared out over the places.
  VocabularyHead(std::string name, Shape row, const Parameter& weight, const Parameter* bias,
                 const TensorPlace& place, PieceGradient gradient);

  // x (B, ..., C) and context.targets -> what pipeline/vocabulary_loss.h says that a piece makes.
  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  // Takes the totals of all pieces. Gives its part of the gradient of x, the product of its logits'
  // gradient and its rows of the table; nothing where forward has given what that follows from.
  Tensor backward_input(const Context& context, Tensor totals, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  Reach reach() const override { return Reach::kToken; }
  double forward_flop() const override;

 private:
  Range rows_;  // of the vocabulary
  PieceGradient gradient_;
  std::size_t weight_, bias_ = kNone;
};

}  // namespace pipetrain
