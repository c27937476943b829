#include "exchange/hf_activation.h"

#include "base/suggest.h"
#include "base/table.h"

namespace pipetrain {
namespace {

// The tanh form of GELU has several words; the first is written.
struct ActivationWord {
  const char* name;
  MlpActivation value;
};
constexpr ActivationWord kWords[] = {{"gelu", MlpActivation::kExactGelu},
                                     {"gelu_new", MlpActivation::kGelu},
                                     {"gelu_fast", MlpActivation::kGelu},
                                     {"gelu_pytorch_tanh", MlpActivation::kGelu},
                                     {"relu", MlpActivation::kRelu}};

}  // namespace

MlpActivation parse_hf_activation(const HfFields& fields, const char* key,
                                  MlpActivation otherwise) {
  const std::string found = fields.text(key, hf_activation(otherwise));
  if (const ActivationWord* word = find_row(kWords, found)) return word->value;
  fields.fail(key, join(names_of(kWords), " or "));
}

std::string hf_activation(MlpActivation activation) {
  for (const ActivationWord& word : kWords) {
    if (word.value == activation) return word.name;
  }
  return {};
}

}  // namespace pipetrain
