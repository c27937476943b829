// Draws a token from a model's logits. It must not know models or texts: the draw depends on the
// logits, the seed and the token's place in the sequence alone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pipetrain {

struct SamplingOptions {
  double temperature = 0.8;  // logits are divided by it; 0: always the likeliest token
  int top_k = 0;             // only the k likeliest are drawn from; 0: all
  std::uint64_t seed = 1337;
};

class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options);

  // The token at `place`. Of equal logits the lower token is the likelier.
  // Error(kNotFinite) if a logit is not finite.
  std::int32_t draw(std::span<const float> logits, std::int64_t place);

 private:
  SamplingOptions options_;
  std::uint64_t key_;
  std::vector<std::int32_t> candidates_;
  std::vector<double> weights_;
};

}  // namespace pipetrain
