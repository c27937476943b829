// Hugging Face's ViT with a head for images: its config.json and its tensors (Dosovitskiy et al.,
// arXiv:2010.11929, section 3.1). Images are square, and so are their patches.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "exchange/hf_encoders.h"
#include "nn/models/encoder_names.h"
#include "nn/tensor_names.h"

namespace pipetrain {
namespace {

// A number, or the same twice.
int side(const HfFields& fields, const char* key, int otherwise) {
  const nlohmann::json* const found = fields.value(key);
  if (found == nullptr || !found->is_array()) return fields.size(key, otherwise);
  const nlohmann::json& sides = *found;
  if (sides.size() != 2 || sides[0] != sides[1]) fields.fail(key, "a square");
  const nlohmann::json one = {{key, sides[0]}};
  return HfFields(one, "config.json").size(key);
}

}  // namespace

Encoder parse_hf_vit(const HfFields& fields) {
  Encoder model = parse_hf_encoder(fields, /*dropout=*/0);
  model.image = side(fields, "image_size", 224);
  model.patch = side(fields, "patch_size", 16);
  model.channels = fields.size("num_channels", 3);
  if (model.image % model.patch != 0) {
    fields.fail("patch_size", "a divisor of image_size, " + std::to_string(model.image));
  }
  fields.must_be("qkv_bias", true);
  return model;
}

nlohmann::ordered_json hf_vit_config(const Encoder& model) {
  nlohmann::ordered_json config = hf_encoder_config(model);
  config["image_size"] = model.image;
  config["patch_size"] = model.patch;
  config["num_channels"] = model.channels;
  config["qkv_bias"] = true;
  return config;
}

std::vector<HfTensor> hf_vit_tensors(const Encoder& model) {
  HfTensorList list;
  const std::int64_t C = model.width, tokens = model.tokens();
  const Extents patches = {C, model.channels, model.patch, model.patch};
  const EncoderEndNames own = end_names_of(model);
  const std::string root = "vit.", first = root + "embeddings.";
  const std::string projection = first + "patch_embeddings.projection";
  list.add_reshaped(weight_of(projection), weight_of(own.patches), patches, patches);
  list.add(bias_of(projection), bias_of(own.patches), C);
  list.add_reshaped(first + "cls_token", weight_of(own.class_token), {1, 1, C}, {C});
  list.add_reshaped(first + "position_embeddings", weight_of(own.positions), {1, tokens, C},
                    {tokens, C});
  add_hf_encoder_blocks(model, root,
                        {.queries = "attention.attention.",
                         .attention_norm = "layernorm_before",
                         .mlp_norm = "layernorm_after",
                         .norms_before = true},
                        list);
  list.add_norm(root + "layernorm", own.last_norm, C);
  list.add_product("classifier", own.head, model.classes, C);
  return list.take();
}

}  // namespace pipetrain
