#include "exchange/hf_model.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "data/formats/formats.h"
#include "nn/presets/presets.h"

namespace pipetrain {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  std::vector<std::string> presets;
  for (const HfFamily& family : hf_families()) {
    if (std::ranges::find(presets, family.models.preset) == presets.end()) {
      presets.emplace_back(family.models.preset);
    }
  }
  throw Error(ExitCode::kConfiguration,
              "--format hf: the model is of no family of Hugging Face's (" + join(hf_titles()) +
                  "): " + why + "; expected one like the presets " + listed(presets) +
                  ", or --format safetensors");
}

}  // namespace

Decoder hf_model_of(const Config& config, std::int64_t vocabulary) {
  if (gives_labels(config.data)) refuse("its data have labels, not next tokens");
  std::vector<DecoderFamily> families;
  for (const HfFamily& family : hf_families()) families.push_back(family.models);
  const std::int64_t tokens = config.data.sequence_length > 0 ? config.data.sequence_length
                                                              : configured_context(config.model);
  const ReadDecoder read = read_decoder(config.model, tokens, vocabulary, families);
  if (!read.why_not.empty()) refuse(read.why_not);
  return read.model;
}

}  // namespace pipetrain
