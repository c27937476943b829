#include "nn/starting_values.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"

namespace pipetrain {
namespace {

using enum Spread;

struct Scheme {
  const char* name;
  float std;  // default of init_std; 0: it has no part in the scheme
  std::array<StartRule, static_cast<std::size_t>(ModelPart::kCount)> rules;
};

constexpr StartRule kTorch = {kUniformIn, true};

// In the order of ModelPart: table, positions, positions of patches; qkv, projection, up, down;
// linear, head, convolution, patches. What a family does not have is drawn as it suits.
// clang-format off
constexpr std::array<Scheme, 5> kSchemes = {{
    // OpenAI's gpt-2, and nanoGPT.
    {"gpt2",
     0.02f,
     {{{kStd}, {kStd}, {kOne}, {kStd}, {kStdByDepth}, {kStd}, {kStdByDepth}, {kStd}, {kStd},
       {kHeIn}, {kFanIn}}}},
    // Hugging Face's LlamaPreTrainedModel: initializer_range for every matrix.
    {"llama",
     0.02f,
     {{{kStd}, {kStd}, {kOne}, {kStd}, {kStd}, {kStd}, {kStd}, {kStd}, {kStd}, {kHeIn}, {kFanIn}}}},
    // torchvision's ResNet, whose head is PyTorch's nn.Linear.
    {"resnet",
     0,
     {{{kOne}, {kOne}, {kOne}, {kXavier}, {kUniformIn}, kTorch, kTorch, kTorch, kTorch, {kHeOut},
       {kFanIn}}}},
    // PyTorch's modules as they are made: nn.Embedding, nn.MultiheadAttention, nn.Linear, nn.Conv.
    {"torch",
     0,
     {{{kOne}, {kOne}, {kOne}, {kXavier}, {kUniformIn}, kTorch, kTorch, kTorch, kTorch, kTorch,
       kTorch}}},
    // torchvision's VisionTransformer, but for the positions: its N(0.02) is drowned by the patches
    // of a narrow model, which then takes an image for a bag of them.
    {"vit",
     1,
     {{{kStd}, {kStd}, {kStd}, {kXavier}, {kUniformIn}, {kXavier}, {kXavier}, {kXavier}, {kZero},
       {kHeIn}, {kFanIn}}}},
}};
// clang-format on

// A preset without a scheme of its own, and a list of layers, start as GPT-2 does.
const Scheme& scheme_of(const ModelConfig& config) {
  const std::string& name = config.init == "preset" ? config.preset : config.init;
  const auto found = std::ranges::find(kSchemes, name, &Scheme::name);
  return found == kSchemes.end() ? kSchemes.front() : *found;
}

Initial normal(float deviation) { return {Initial::Kind::kNormal, deviation}; }
Initial uniform(float bound) { return {Initial::Kind::kUniform, bound}; }

}  // namespace

Starts::Starts(const ModelConfig& config, int residual_layers)
    : residual_layers_(std::max(1, residual_layers)) {
  const Scheme& scheme = scheme_of(config);
  rules_ = scheme.rules;
  std_ = config.init_std > 0 ? static_cast<float>(config.init_std) : scheme.std;
  if (config.init_std > 0 && scheme.std == 0) {
    throw Error(ExitCode::kConfiguration,
                std::string("model.init_std: has no part in model.init: ") + scheme.name +
                    "; leave it out, or take gpt2, llama or vit");
  }
}

Start Starts::of(ModelPart part, std::int64_t in, std::int64_t out) const {
  const StartRule rule = rules_[static_cast<std::size_t>(part)];
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
