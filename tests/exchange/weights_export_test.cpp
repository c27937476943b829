#include "exchange/weights_export.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"
#include "data/temporary_folder.h"
#include "exchange/weights_import.h"
#include "hf_folder.h"
#include "hf_models.h"
#include "logged.h"

using namespace pipetrain;

namespace {

std::string text_in(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// A checkpoint of a model of tests/golden/.
Checkpoint checkpoint_of(const TemporaryFolder& at, const std::string& golden) {
  import_weights(HfFolder(at, golden, golden).path, at.path("checkpoint"));
  return open_checkpoint(at.path("checkpoint"));
}

}  // namespace

TEST_CASE("A model goes back to its Hugging Face folder bit by bit") {
  for (const std::string golden : {"hf_gpt2", "hf_llama"}) {
    const TemporaryFolder at;
    const Checkpoint checkpoint = checkpoint_of(at, golden);
    const std::string line = export_hf(checkpoint, at.path("out"));
    const auto tensors = HfFolder::tensors_in(at.path("out"));
    CHECK(tensors == HfFolder::tensors_in(at.path(golden)));
    CHECK(line == at.path("out") + ": a Hugging Face " + (golden == "hf_gpt2" ? "GPT-2" : "Llama") +
                      ", " + std::to_string(tensors.size()) + " tensors in model.safetensors\n");
    CHECK(text_in(at.path("out/tokenizer_pipetrain.json")) == checkpoint.tokenizer_json());
    nlohmann::json found, expected;
    std::ifstream(at.path("out/config.json")) >> found;
    std::ifstream(at.path(golden + "/config.json")) >> expected;
    CHECK(parsed(found) == parsed(expected));
  }
}

TEST_CASE("A classifier goes back to its Hugging Face folder bit by bit") {
  for (const std::string golden : {"hf_vit", "hf_bert"}) {
    const TemporaryFolder at;
    const Log log;
    const Checkpoint checkpoint = checkpoint_of(at, golden);
    export_hf(checkpoint, at.path("out"));
    CHECK(HfFolder::tensors_in(at.path("out")) == HfFolder::tensors_in(at.path(golden)));
    nlohmann::json found, expected;
    std::ifstream(at.path("out/config.json")) >> found;
    std::ifstream(at.path(golden + "/config.json")) >> expected;
    CHECK(parsed<Encoder>(found) == parsed<Encoder>(expected));
    CHECK(found["architectures"] == expected["architectures"]);
    CHECK(found["id2label"] == expected["id2label"]);
  }
}

TEST_CASE("How pixels become numbers is written beside a classifier of images") {
  const TemporaryFolder at;
  const Log log;
  export_hf(checkpoint_of(at, "hf_vit"), at.path("out"));
  nlohmann::json found;
  std::ifstream(at.path("out/preprocessor_config.json")) >> found;
  CHECK(found["image_mean"] == std::vector<double>{0.4, 0.5, 0.6});
  CHECK(found["image_std"] == std::vector<double>{0.25, 0.5, 0.3});
  CHECK(found["size"]["height"] == 12);
  CHECK(!std::filesystem::exists(at.path("out/tokenizer_pipetrain.json")));
}

TEST_CASE("A model in several files and in bfloat16 comes back as its numbers rounded") {
  const TemporaryFolder at;
  const Checkpoint checkpoint = checkpoint_of(at, "hf_llama");
  export_hf(checkpoint, at.path("whole"), {.type = StoredType::kBFloat16});
  const std::string line =
      export_hf(checkpoint, at.path("parts"), {.type = StoredType::kBFloat16, .shard_bytes = 4000});
  CHECK(contains(line, "21 tensors in "));
  CHECK(contains(line, " files"));
  CHECK(!std::filesystem::exists(at.path("parts/model.safetensors")));
  nlohmann::json index, config;
  std::ifstream(at.path("parts/model.safetensors.index.json")) >> index;
  std::ifstream(at.path("parts/config.json")) >> config;
  CHECK(config["torch_dtype"] == "bfloat16");
  CHECK(index["weight_map"].size() == 21);
  CHECK(index["weight_map"]["model.norm.weight"] != index["weight_map"]["lm_head.weight"]);
  import_weights(at.path("whole"), at.path("one"));
  import_weights(at.path("parts"), at.path("other"));
  const Checkpoint one = open_checkpoint(at.path("one")), other = open_checkpoint(at.path("other"));
  double difference = 0;
  for (const std::string& name : checkpoint.names()) {
    const auto values = [&](const Checkpoint& of) {
      std::vector<float> read(static_cast<std::size_t>(elements_of(of.shape(name), name)));
      of.read(name, of.shape(name), read);
      return read;
    };
    const std::vector<float> exact = values(checkpoint), rounded = values(one);
    CHECK(rounded == values(other));
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const double off = std::abs(static_cast<double>(rounded[i]) - static_cast<double>(exact[i]));
      difference = std::max(difference, off / std::abs(static_cast<double>(exact[i])));
    }
  }
  CHECK(difference > 1e-3);
  CHECK(difference <= 1.0 / 256);
}

TEST_CASE("Plain weights have our names, and come back as the same checkpoint") {
  const TemporaryFolder at;
  const Checkpoint checkpoint = checkpoint_of(at, "hf_llama");
  export_plain(checkpoint, at.path("plain"));
  const auto tensors = HfFolder::tensors_in(at.path("plain"));
  CHECK(tensors.size() == checkpoint.names().size());
  CHECK(tensors.contains("layers.1.attention.qkv.weight"));
  CHECK(text_in(at.path("plain/config.yaml")) == checkpoint.config_yaml());
  import_weights(at.path("plain"), at.path("again"));
  const Checkpoint again = open_checkpoint(at.path("again"));
  CHECK(again.names() == checkpoint.names());
  CHECK(again.config_yaml() == checkpoint.config_yaml());
  export_hf(again, at.path("hf"));
  CHECK(HfFolder::tensors_in(at.path("hf")) == HfFolder::tensors_in(at.path("hf_llama")));
}

TEST_CASE("An output that is there already is left as it is") {
  const TemporaryFolder at;
  const Checkpoint checkpoint = checkpoint_of(at, "hf_gpt2");
  at.write("out", "mine");
  const auto refused = [&](const auto& form) {
    return contains(error_of([&] { form(checkpoint, at.path("out")); }, ExitCode::kConfiguration),
                    at.path("out") + " is there already");
  };
  CHECK(refused([](const auto&... given) { export_hf(given...); }));
  CHECK(refused([](const auto&... given) { export_plain(given...); }));
  CHECK(text_in(at.path("out")) == "mine");
}

TEST_CASE("Tensors that the configuration does not tell of are not lost in silence") {
  const TemporaryFolder at;
  export_plain(checkpoint_of(at, "hf_gpt2"), at.path("plain"));
  const auto refusal = [&](const std::string& from, const std::string& to) {
    std::string yaml = text_in(at.path("plain/config.yaml"));
    const std::size_t place = yaml.find(from);
    REQUIRE(place != std::string::npos);
    std::ofstream(at.path("plain/config.yaml")) << yaml.replace(place, from.size(), to);
    import_weights(at.path("plain"), at.path(to));
    const Checkpoint checkpoint = open_checkpoint(at.path(to));
    return error_of([&] { export_hf(checkpoint, at.path("out")); }, ExitCode::kCheckpoint);
  };
  CHECK(contains(refusal("depth: 2", "depth: 1"), "has a tensor layers.3."));
  CHECK(contains(refusal("depth: 1", "depth: 3"), "has a tensor layers.5."));
  CHECK(!std::filesystem::exists(at.path("out")));
}
