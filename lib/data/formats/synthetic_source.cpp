#include "data/formats/synthetic_source.h"

#include <cassert>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/random.h"

namespace pipetrain {
namespace {

// Distinct primes whose product exceeds any int: one of them does not divide V.
std::uint64_t factor_for(std::uint64_t vocabulary) {
  for (const std::uint64_t prime : {3, 5, 7, 11, 13, 17, 19, 23, 29}) {
    if (vocabulary % prime != 0) return prime;
  }
  return 31;
}

std::uint64_t first_half(const RandomWords& words) {
  return std::uint64_t{words[0]} << 32 | words[1];
}

}  // namespace

SyntheticSource::SyntheticSource(const SyntheticTokens& tokens)
    : length_(tokens.sequence_length),
      vocabulary_(static_cast<std::uint64_t>(tokens.vocabulary)),
      factor_(factor_for(vocabulary_)),
      validate_(tokens.validate),
      training_key_(random_key(tokens.seed, "data")),
      validation_key_(random_key(tokens.seed, "validation data")) {
  if (tokens.vocabulary < 2) {
    throw Error(ExitCode::kData, "data: synthetic tokens have no vocabulary of their own, found " +
                                     std::to_string(tokens.vocabulary) +
                                     ", expected model.vocabulary of at least 2");
  }
}

std::string SyntheticSource::description() const {
  return "synthetic tokens: vocabulary " + std::to_string(vocabulary_) + ", " +
         std::to_string(validation_rows()) + " rows validate";
}

nlohmann::json SyntheticSource::tokenizer() const { return {{"type", "synthetic"}}; }

void SyntheticSource::read_training(std::int64_t step, std::int64_t first_row, Tensor& inputs,
                                    Tensor& targets) const {
  for (std::int64_t row = 0; row < inputs.shape()[0]; ++row) {
    const RandomWords words = philox(training_key_, static_cast<std::uint64_t>(step),
                                     static_cast<std::uint64_t>(first_row + row));
    write_row(first_half(words), row, inputs, targets);
  }
}

void SyntheticSource::read_validation(std::int64_t first_row, Tensor& inputs,
                                      Tensor& targets) const {
  for (std::int64_t row = 0; row < inputs.shape()[0]; ++row) {
    const RandomWords words = philox(validation_key_, static_cast<std::uint64_t>(first_row + row));
    write_row(first_half(words), row, inputs, targets);
  }
}

// Fills one row with the sequence of this key.
void SyntheticSource::write_row(std::uint64_t key, std::int64_t row, Tensor& inputs,
                                Tensor& targets) const {
  assert(inputs.shape()[1] == length_ && targets.shape() == inputs.shape());
  std::int32_t* const input = inputs.i32() + row * length_;
  std::int32_t* const target = targets.i32() + row * length_;
  std::uint64_t token = integer_at(key, 0, 1, vocabulary_);
  for (std::int64_t t = 0; t < length_; ++t) {
    input[t] = static_cast<std::int32_t>(token);
    const RandomWords words = philox(key, static_cast<std::uint64_t>(t));
    const bool any = words[3] % 16 == 0;
    token = any ? first_half(words) % vocabulary_ : (factor_ * token + 1) % vocabulary_;
    target[t] = static_cast<std::int32_t>(token);
  }
}

}  // namespace pipetrain
