#include "nn/starting_values.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace pipetrain {
namespace {

using enum Spread;

Initial normal(float deviation) { return {Initial::Kind::kNormal, deviation}; }
Initial uniform(float bound) { return {Initial::Kind::kUniform, bound}; }

}  // namespace

Starts::Starts(const StartScheme& scheme, double std, int residual_layers)
    : scheme_(scheme),
      std_(std > 0 ? static_cast<float>(std) : scheme.std),
      residual_layers_(std::max(1, residual_layers)) {}

Start Starts::of(ModelPart part, std::int64_t in, std::int64_t out) const {
  const StartRule rule = scheme_.rules[static_cast<std::size_t>(part)];
  const auto inputs = static_cast<float>(in), outputs = static_cast<float>(out);
  Start start;
  if (rule.bias) start.bias = uniform(1.0f / std::sqrt(inputs));
  switch (rule.weight) {
    case kZero: start.weight = {}; break;
    case kStd: start.weight = normal(std_); break;
    case kStdByDepth:
      start.weight = normal(std_ / std::sqrt(static_cast<float>(residual_layers_)));
      break;
    case kOne: start.weight = normal(1); break;
    case kFanIn: start.weight = normal(1.0f / std::sqrt(inputs)); break;
    case kHeIn: start.weight = normal(std::sqrt(2.0f / inputs)); break;
    case kHeOut: start.weight = normal(std::sqrt(2.0f / outputs)); break;
    case kUniformIn: start.weight = uniform(1.0f / std::sqrt(inputs)); break;
    case kXavier: start.weight = uniform(std::sqrt(6.0f / (inputs + outputs))); break;
  }
  return start;
}

}  // namespace pipetrain
