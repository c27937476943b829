#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "exchange/hf_tensors.h"
#include "hf_models.h"

using namespace pipetrain;
using nlohmann::json;

TEST_CASE("A ViT without optional keys has Hugging Face's defaults") {
  const Encoder expected{.depth = 12,
                         .heads = 12,
                         .width = 768,
                         .mlp_width = 3072,
                         .classes = 2,
                         .patch = 16,
                         .image = 224,
                         .channels = 3};
  CHECK(parsed<Encoder>({{"model_type", "vit"}}) == expected);
  CHECK(parsed<Encoder>({{"model_type", "vit"}}).tokens() == 197);
  Encoder other = small_vit();
  other.activation = MlpActivation::kRelu;
  other.epsilon = 1e-6f;
  other.dropout = 0.25;
  CHECK(parsed<Encoder>(config_of(other)) == other);
}

TEST_CASE("A side of an image or a patch is a number, or the same twice") {
  json config = config_of(small_vit());
  config["image_size"] = {12, 12};
  config["patch_size"] = {4, 4};
  CHECK(parsed<Encoder>(config) == small_vit());
  CHECK(contains(refusal(small_vit(), "image_size", {12, 16}), "expected a square"));
  CHECK(contains(refusal(small_vit(), "patch_size", {"a", "a"}), "expected a whole number"));
}

TEST_CASE("A ViT that we do not compute in the same way is refused by the name of the key") {
  CHECK(contains(refusal(small_vit(), "hidden_act", "silu"), "expected gelu or"));
  CHECK(contains(refusal(small_vit(), "qkv_bias", false), "expected true"));
  CHECK(contains(refusal(small_vit(), "patch_size", 5), "expected a divisor of image_size, 12"));
  CHECK(contains(refusal(small_vit(), "num_attention_heads", 3), "a divisor of the width, 16"));
  CHECK(contains(refusal(small_vit(), "architectures", {"ViTForMaskedImageModeling"}),
                 "expected ViTForImageClassification"));
}

TEST_CASE("A ViT's patches, class token and positions have axes of their own") {
  Encoder model = small_vit();
  model.depth = 1;
  std::vector<std::string> found;
  for (const HfTensor& tensor : hf_tensors_of(model)) {
    found.push_back(tensor.name + " " + text_of(tensor.shape()) + " " + tensor.own + " " +
                    text_of(tensor.own_shape()));
  }
  CHECK(found.front() ==
        "vit.embeddings.patch_embeddings.projection.weight (16, 3, 4, 4) "
        "layers.0.patches.weight (16, 3, 4, 4)");
  CHECK(found[2] == "vit.embeddings.cls_token (1, 1, 16) layers.1.class_token.weight (16)");
  CHECK(found[3] ==
        "vit.embeddings.position_embeddings (1, 10, 16) layers.2.positions.weight (10, 16)");
  CHECK(found[4] ==
        "vit.encoder.layer.0.layernorm_before.weight (16) layers.3.attention.norm.weight (16)");
  CHECK(found[7] ==
        "vit.encoder.layer.0.attention.attention.key.weight (16, 16) "
        "layers.3.attention.qkv.weight (48, 16)");
  CHECK(found.back() == "classifier.bias (3) layers.7.linear.bias (3)");
}
