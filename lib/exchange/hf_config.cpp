#include "exchange/hf_config.h"

#include <strings.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "base/suggest.h"
#include "base/table.h"
#include "checkpoint/json_fields.h"
#include "exchange/hf_fields.h"
#include "exchange/hf_labels.h"

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

Json config_of(const HfDecoders& family, const Decoder& model) {
  Json config = family.config(model);
  config["tie_word_embeddings"] = model.tied;
  // Their defaults are tokens of vocabularies that these models need not have.
  for (const char* token : {"bos_token_id", "eos_token_id", "pad_token_id"})
    config[token] = nullptr;
  return config;
}

// A model without a head of its own, "GPT2Model", may stand in any folder of its family. The first
// Llamas call theirs "LLaMAForCausalLM".
void check_architecture(const HfFields& fields, const HfFamily& family) {
  const nlohmann::json* const named = fields.value("architectures");
  if (named == nullptr || !named->is_array() || named->empty()) return;
  const bool right = std::ranges::any_of(*named, [&](const nlohmann::json& name) {
    if (!name.is_string()) return false;
    const auto& text = name.get_ref<const std::string&>();
    return text.ends_with("Model") || ::strcasecmp(text.c_str(), family.architecture) == 0;
  });
  if (!right) fields.fail("architectures", family.architecture);
}

}  // namespace

Json hf_config_of(const HfModel& model) {
  const HfFamily& family = hf_family_of(model);
  Json config = {{"architectures", {family.architecture}}, {"model_type", family.name}};
  if (const auto* encoders = std::get_if<HfEncoders>(&family.models)) {
    const auto& encoder = std::get<Encoder>(model);
    config.update(encoders->config(encoder));
    write_hf_labels(encoder.labels, encoder.classes, config);
  } else {
    config.update(config_of(std::get<HfDecoders>(family.models), std::get<Decoder>(model)));
  }
  config["torch_dtype"] = "float32";
  return config;
}

HfModel parse_hf_config(const nlohmann::json& config, const std::string& file) {
  if (!config.is_object()) fail_checkpoint(file, "is not a JSON object");
  const HfFields fields(config, file);
  const HfFamily* family = find_row(hf_families(), fields.text("model_type", ""));
  if (family == nullptr) fields.fail("model_type", join(names_of(hf_families()), " or "));
  check_architecture(fields, *family);
  if (fields.has("quantization_config")) {
    fail_checkpoint(file, "the weights are quantized; expected float32, bfloat16 or float16");
  }
  if (const auto* encoders = std::get_if<HfEncoders>(&family->models)) {
    Encoder model = encoders->parse(fields);
    const std::vector<std::string> labels = parse_hf_labels(fields);
    model.classes = static_cast<int>(labels.size());
    if (labels != usual_hf_labels(model.classes)) model.labels = labels;
    return model;
  }
  const auto& decoders = std::get<HfDecoders>(family->models);
  Decoder model = decoders.parse(fields);
  model.family = decoders.models;
  return plain(model);
}

}  // namespace pipetrain
