// A scheme of starting values: for each part of a model how its entries are drawn, as the reference
// implementation of a family does. Plain data; it must not know layers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

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

struct StartScheme {
  std::string_view name;
  float std = 0.02f;  // default of init_std; 0: it has no part in the scheme
  std::array<StartRule, static_cast<std::size_t>(ModelPart::kCount)> rules = {};  // of ModelPart
};

}  // namespace pipetrain
