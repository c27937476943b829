#include "generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>

#include "base/error.h"
#include "base/random.h"

namespace pipetrain {
namespace {

// In [0, 1), from the upper 53 bits.
double uniform_at(std::uint64_t key, std::int64_t place) {
  const RandomWords words = philox(key, static_cast<std::uint64_t>(place));
  const std::uint64_t bits = std::uint64_t{words[0]} << 32 | words[1];
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace

Sampler::Sampler(const SamplingOptions& options)
    : options_(options), key_(random_key(options.seed, "sampled tokens")) {}

// Each token once, however often it was there.
std::span<const float> Sampler::penalized(std::span<const float> logits,
                                          std::span<const std::int32_t> so_far) {
  logits_.assign(logits.begin(), logits.end());
  for (const std::int32_t token : so_far) {
    const auto at = static_cast<std::size_t>(token);
    if (at >= logits.size()) continue;
    const double logit = logits[at], penalty = options_.repetition_penalty;
    logits_[at] = static_cast<float>(logit > 0 ? logit / penalty : logit * penalty);
  }
  return logits_;
}

// Leaves of the candidates, whose weights have this sum, the fewest that make up top_p of it. Those
// are few of a large vocabulary, as a rule: no more are put into order than are looked at.
void Sampler::keep_most_probable(double sum) {
  constexpr std::size_t kFirst = 64;
  order_.resize(candidates_.size());
  std::iota(order_.begin(), order_.end(), 0);
  const auto heavier = [&](std::size_t a, std::size_t b) {
    return weights_[a] != weights_[b] ? weights_[a] > weights_[b] : a < b;
  };
  double kept = 0;
  std::size_t at = 0, sorted = 0;
  for (; at < order_.size() && kept < options_.top_p * sum; ++at) {
    if (at == sorted) {
      sorted = std::min(order_.size(), std::max(kFirst, 4 * sorted));
      const auto from = order_.begin() + static_cast<std::ptrdiff_t>(at);
      std::partial_sort(from, order_.begin() + static_cast<std::ptrdiff_t>(sorted), order_.end(),
                        heavier);
    }
    kept += weights_[order_[at]];
  }
  for (; at < order_.size(); ++at) weights_[order_[at]] = 0;
}

std::int32_t Sampler::draw(std::span<const float> logits, std::int64_t place,
                           std::span<const std::int32_t> so_far) {
  if (!std::ranges::all_of(logits, [](float x) { return std::isfinite(x); })) {
    throw Error(ExitCode::kNotFinite, "the model's logits of token " + std::to_string(place) +
                                          " are not finite; take a checkpoint from before the "
                                          "training went wrong");
  }
  if (options_.repetition_penalty != 1) logits = penalized(logits, so_far);
  const auto logit = [&](std::int32_t token) { return logits[static_cast<std::size_t>(token)]; };
  const auto likelier = [&](std::int32_t a, std::int32_t b) {
    return logit(a) != logit(b) ? logit(a) > logit(b) : a < b;
  };
  const auto largest = std::ranges::max_element(logits);
  if (options_.temperature == 0) return static_cast<std::int32_t>(largest - logits.begin());

  candidates_.resize(logits.size());
  std::iota(candidates_.begin(), candidates_.end(), 0);
  const auto k = static_cast<std::size_t>(options_.top_k);
  if (k > 0 && k < candidates_.size()) {
    std::nth_element(candidates_.begin(), candidates_.begin() + options_.top_k, candidates_.end(),
                     likelier);
    candidates_.resize(k);
    std::ranges::sort(candidates_);
  }
  weights_.clear();
  double sum = 0;
  for (const std::int32_t token : candidates_) {
    weights_.push_back(
        std::exp((static_cast<double>(logit(token)) - *largest) / options_.temperature));
    sum += weights_.back();
  }
  if (options_.top_p < 1) {
    keep_most_probable(sum);
    sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  }
  double left = uniform_at(key_, place) * sum;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    left -= weights_[i];
    if (left < 0) return candidates_[i];
  }
  return static_cast<std::int32_t>(largest - logits.begin());  // by rounding, nothing was left over
}

}  // namespace pipetrain
