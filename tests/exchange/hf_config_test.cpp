#include "exchange/hf_config.h"

#include <string>

#include "catch.h"
#include "hf_models.h"

using namespace pipetrain;
using nlohmann::json;

TEST_CASE("A configuration says its family, and with it the keys") {
  for (const Decoder& model : {small_gpt2(), small_llama()}) {
    const json config = hf_config_of(model);
    CHECK(config["model_type"] == std::string(hf_family_of(model).name));
    CHECK(parsed(config) == model);
  }
  Decoder tied = small_llama();
  tied.tied = true;
  CHECK(parsed(hf_config_of(tied)).tied);
}

TEST_CASE("A family that is not known, and weights that are not plain, are refused") {
  CHECK(contains(refusal(small_gpt2(), "model_type", "t5"),
                 "model_type is \"t5\"; expected gpt2 or opt or gpt_neox or llama or mistral or"));
  CHECK(contains(refusal(small_gpt2(), "model_type", json()), "model_type is missing"));
  CHECK(contains(refusal(small_gpt2(), "architectures", {"GPT2ForSequenceClassification"}),
                 "architectures is [\"GPT2ForSequenceClassification\"]; expected GPT2LMHeadModel"));
  CHECK(contains(refusal(small_llama(), "quantization_config", {{"bits", 4}}), "quantized"));
  CHECK(contains(error_of([] { parsed(json::array({1})); }, ExitCode::kCheckpoint),
                 "checkpoint: config.json: "));
}

TEST_CASE("A folder of a model without its head is one of its family, or names no class at all") {
  for (const json& architectures :
       {json({"LlamaModel"}), json({"LlamaForCausalLM"}), json({"LLaMAForCausalLM"}), json()}) {
    json config = hf_config_of(small_llama());
    config["architectures"] = architectures;
    CHECK(parsed(config) == small_llama());
  }
}
