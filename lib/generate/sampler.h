// Draws a token from a model's logits. It must not know models or texts: the draw depends on the
// logits, the tokens so far, the seed and the token's place in the sequence alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pipetrain {

struct SamplingOptions {
  double temperature = 0.8;  // logits are divided by it; 0: always the likeliest token
  int top_k = 0;             // only the k likeliest are drawn from; 0: all
  // Of those, the fewest likeliest that together are as probable (Holtzman et al.,
  // arXiv:1904.09751, section 3.1); 1: all.
  double top_p = 1;
  // The logits of tokens that were there already are divided by it, negative ones multiplied
  // (Keskar et al., arXiv:1909.05858, section 4.1); 1: nothing happens.
  double repetition_penalty = 1;
  std::uint64_t seed = 1337;
};

class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options);

  // The token at `place`, after those `so_far`. Of equal logits the lower token is the likelier.
  // Error(kNotFinite) if a logit is not finite.
  std::int32_t draw(std::span<const float> logits, std::int64_t place,
                    std::span<const std::int32_t> so_far = {});

 private:
  std::span<const float> penalized(std::span<const float> logits,
                                   std::span<const std::int32_t> so_far);
  void keep_most_probable(double sum);

  SamplingOptions options_;
  std::uint64_t key_;
  std::vector<std::int32_t> candidates_;
  std::vector<double> weights_;
  std::vector<float> logits_;
  std::vector<std::size_t> order_;
};

}  // namespace pipetrain
