#include "exchange/hf_model.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "data/formats/formats.h"
#include "nn/layers/embedding.h"
#include "nn/presets/presets.h"

namespace pipetrain {
namespace {

[[noreturn]] void refuse(const std::string& why, const std::string& expected) {
  throw Error(ExitCode::kConfiguration,
              "--format hf: the model is of no family of Hugging Face's (" + join(hf_titles()) +
                  "): " + why + "; expected " + expected + ", or --format safetensors");
}

std::vector<DecoderFamily> families_of_decoders() {
  std::vector<DecoderFamily> families;
  for (const HfFamily& family : hf_families()) {
    const auto* const decoders = std::get_if<HfDecoders>(&family.models);
    if (decoders != nullptr) families.push_back(decoders->models);
  }
  return families;
}

Decoder decoder_of(const Config& config, const TensorShapes& shapes) {
  const std::vector<DecoderFamily> families = families_of_decoders();
  const std::vector<std::int64_t> table = shapes(token_table_name());
  const std::int64_t tokens = config.data.sequence_length > 0 ? config.data.sequence_length
                                                              : configured_context(config.model);
  const ReadDecoder read =
      read_decoder(config.model, tokens, table.size() == 2 ? table[0] : 0, families);
  if (read.why_not.empty()) return read.model;
  std::vector<std::string> presets;
  for (const DecoderFamily& family : families) {
    if (std::ranges::find(presets, family.preset) == presets.end()) {
      presets.emplace_back(family.preset);
    }
  }
  refuse(read.why_not, "one like the presets " + listed(presets));
}

}  // namespace

HfModel hf_model_of(const Config& config, const TensorShapes& shapes) {
  if (!gives_labels(config.data)) return decoder_of(config, shapes);
  const ReadEncoder read = read_encoder(config.model, shapes);
  if (!read.why_not.empty()) {
    refuse(read.why_not, "layers as those of an imported " +
                             std::string(gives_images(config.data) ? "ViT" : "BERT"));
  }
  return read.model;
}

}  // namespace pipetrain
