// In what families of decoders differ, and which of it a family's models have. It must not know any
// family.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pipetrain {

struct Decoder;

// A set of these, by their bits. What a model has none of is as in GPT-2: layer norms with biases
// before attention and MLP, learned positions, GELU in its tanh form.
struct DecoderTrait {
  enum Bit : std::uint32_t {
    kRmsNorms = 1U << 0,
    kNormsBehind = 1U << 1,
    kHeadNorms = 1U << 2,
    kRotary = 1U << 3,
    kPartialRotary = 1U << 4,
    kLinearRotary = 1U << 5,
    kLlama3Rotary = 1U << 6,
    kUnturnedLayers = 1U << 7,
    kFewerKvHeads = 1U << 8,
    kHeadWidth = 1U << 9,
    kNoBiases = 1U << 10,
    kQkvBiases = 1U << 11,
    kAttentionBiases = 1U << 12,
    kSwiGlu = 1U << 13,
    kGeGlu = 1U << 14,
    kRelu = 1U << 15,
    kExactGelu = 1U << 16,
    kWindow = 1U << 17,
    kSomeWindows = 1U << 18,
    kScoreCap = 1U << 19,
    kLogitCap = 1U << 20,
    kScoreWidth = 1U << 21,
    kScaledEmbedding = 1U << 22,
    kParallel = 1U << 23,
  };
};

struct DecoderFamily {
  std::string_view title;   // "GPT-2"
  std::string_view preset;  // the one that is most like it
  std::uint32_t needs = 0;  // traits of all of its models ...
  std::uint32_t may = 0;    // ... and of some
  bool dropout = true;      // of the embedding and of what is added to x

  bool operator==(const DecoderFamily&) const = default;
};

std::uint32_t traits_of(const Decoder& model);

// What a model with these traits has that the family's have not, or the other way round; empty if
// it is one of them.
std::string why_not_of(const DecoderFamily& family, std::uint32_t traits);
// How far it is from one of them.
int distance_from(const DecoderFamily& family, std::uint32_t traits);

}  // namespace pipetrain
