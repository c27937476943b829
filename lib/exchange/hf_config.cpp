#include "exchange/hf_config.h"

#include "base/suggest.h"
#include "base/table.h"
#include "checkpoint/json_fields.h"
#include "exchange/hf_fields.h"

namespace pipetrain {

nlohmann::ordered_json hf_config_of(const Decoder& model) {
  nlohmann::ordered_json config = hf_family_of(model).config(model);
  config["tie_word_embeddings"] = model.tied;
  // Their defaults are tokens of vocabularies that these models need not have.
  for (const char* token : {"bos_token_id", "eos_token_id", "pad_token_id"})
    config[token] = nullptr;
  config["torch_dtype"] = "float32";
  return config;
}

Decoder parse_hf_config(const nlohmann::json& config, const std::string& file) {
  if (!config.is_object()) fail_checkpoint(file, "is not a JSON object");
  const HfFields fields(config, file);
  const HfFamily* family = find_row(hf_families(), fields.text("model_type", ""));
  if (family == nullptr) fields.fail("model_type", join(names_of(hf_families()), " or "));
  if (fields.has("quantization_config")) {
    fail_checkpoint(file, "the weights are quantized; expected float32, bfloat16 or float16");
  }
  Decoder model = family->parse(fields);
  model.family = family->models;
  return plain(model);
}

}  // namespace pipetrain
