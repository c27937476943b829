#include "nn/sharing.h"

#include <algorithm>
#include <cstdint>

namespace pipetrain {

TensorPlace Sharing::evenly(const LayerOptions& options, const std::string& what,
                            std::int64_t count) {
  noted_.push_back({options.layer(), what, count, Noted::Rule::kEvenly});
  return place_;
}

TensorPlace Sharing::by_vocabulary(const LayerOptions& options, std::int64_t vocabulary) {
  noted_.push_back({options.layer(), "vocabulary", vocabulary, Noted::Rule::kSomeForEach});
  return place_;
}

void Sharing::never(const LayerOptions& options, const std::string& reason) {
  noted_.push_back({options.layer(), reason, 0, Noted::Rule::kNever});
}

bool Sharing::Noted::allows(int ranks) const {
  return rule == Rule::kEvenly ? count % ranks == 0 : rule == Rule::kSomeForEach && count >= ranks;
}

std::string Sharing::Noted::refusal(const std::string& ranks) const {
  if (rule == Rule::kNever) return layer + ": " + what;
  const std::string found = layer + ": " + what + " " + std::to_string(count);
  return rule == Rule::kEvenly ? found + " cannot be shared out evenly over the " + ranks +
                                     " ranks of parallel.tensor; expected a multiple of " + ranks
                               : found + " is smaller than parallel.tensor " + ranks +
                                     "; expected a part for every rank";
}

std::optional<std::string> Sharing::why_not(int ranks) const {
  if (ranks == 1) return std::nullopt;
  const std::string found = std::to_string(ranks);
  for (const Noted& noted : noted_) {
    if (!noted.allows(ranks)) return noted.refusal(found);
  }
  const auto even = [](const Noted& noted) { return noted.rule == Noted::Rule::kEvenly; };
  if (std::ranges::any_of(noted_, even)) return std::nullopt;
  return "parallel.tensor: " + found +
         " ranks can share attention and MLPs, and the model has neither; set it to 1 "
         "(parallel.data and the pipeline take any model)";
}

}  // namespace pipetrain
