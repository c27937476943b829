// What parameters start from: a scheme says for each part of a model how its entries are drawn, as
// the reference implementation of its family does. It must not know layers; each gets the Start of
// each of its products.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "nn/model_config.h"
#include "nn/parameter.h"

namespace pipetrain {

// The parts of models that schemes tell apart.
enum class ModelPart : std::uint8_t {
  kTable,           // of tokens
  kPositions,       // added to tokens
  kPatchPositions,  // added to patches of images
  kQkv,
  kProjection,  // of what attention has mixed, back into the residual stream
  kUp,          // of the MLP, also its gate
  kDown,        // of the MLP, back into the residual stream
  kLinear,
  kHead,  // the last linear layer
  kConvolution,
  kPatches,
  kCount
};

struct Start {
  Initial weight{Initial::Kind::kNormal, 0.02f};
  Initial bias;
};

// How the entries of a weight are drawn; N is a normal distribution by its standard deviation, U is
// uniform up to that bound.
enum class Spread : std::uint8_t {
  kZero,
  kStd,         // N(init_std)
  kStdByDepth,  // N(init_std / sqrt(residual layers)), Radford et al. 2019, section 2.3
  kOne,         // N(1)
  kFanIn,       // N(1 / sqrt(in))
  kHeIn,        // N(sqrt(2 / in)), He et al., arXiv:1502.01852, equation 10
  kHeOut,       // N(sqrt(2 / out)), the same, equation 14
  kUniformIn,   // U(1 / sqrt(in))
  kXavier       // U(sqrt(6 / (in + out))), Glorot and Bengio, AISTATS 2010, equation 16
};

struct StartRule {
  Spread weight = Spread::kStd;
  bool bias = false;  // U(1 / sqrt(in)); else 0
};

class Starts {
 public:
  // For a model with so many layers that add to the residual stream. Error(kConfiguration) for an
  // init_std that its scheme would ignore.
  explicit Starts(const ModelConfig& config = {}, int residual_layers = 1);

  // Each output of the part sums `in` entries, each input goes to `out` outputs.
  Start of(ModelPart part, std::int64_t in, std::int64_t out) const;

 private:
  std::array<StartRule, static_cast<std::size_t>(ModelPart::kCount)> rules_;
  float std_;
  int residual_layers_;
};

}  // namespace pipetrain
