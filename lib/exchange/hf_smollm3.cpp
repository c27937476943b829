// Hugging Face's SmolLM3: Llama's blocks, of which some turn neither queries nor keys (Yang et al.,
// arXiv:2501.18795). SmolLM and SmolLM2 are Llamas.
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "exchange/hf_blocks.h"

namespace pipetrain {

Decoder parse_hf_smollm3(const HfFields& fields) {
  Decoder model =
      parse_hf_blocks(fields, {.theta = 2000000, .context = 32768, .kv_heads = 4, .tied = true});
  model.turned = fields.list("no_rope_layers", model.depth, "1 where positions count, else 0",
                             [](const nlohmann::json& entry) -> std::optional<bool> {
                               if (entry == 0 || entry == 1) return entry == 1;
                               return std::nullopt;
                             });
  const int interval = fields.size("no_rope_layer_interval", 4);
  for (int i = 0; std::ssize(model.turned) < model.depth; ++i) {
    model.turned.push_back((i + 1) % interval != 0);
  }
  const std::vector<bool> turned = model.turned;
  parse_hf_windows(
      fields, fields.flag("use_sliding_window", false), /*otherwise=*/0,
      [&](int layer) { return !turned[static_cast<std::size_t>(layer)]; }, model);
  return model;
}

nlohmann::ordered_json hf_smollm3_config(const Decoder& model) {
  nlohmann::ordered_json config = hf_blocks_config(model);
  nlohmann::ordered_json turned = nlohmann::ordered_json::array();
  for (int layer = 0; layer < model.depth; ++layer) turned.push_back(model.turns(layer) ? 1 : 0);
  config["no_rope_layers"] = turned;
  hf_write_late_windows(model, config);
  return config;
}

std::vector<HfTensor> hf_smollm3_tensors(const Decoder& model) { return hf_blocks_tensors(model); }

}  // namespace pipetrain
