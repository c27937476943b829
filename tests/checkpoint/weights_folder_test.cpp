#include "checkpoint/weights_folder.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "checkpoint/safetensors.h"
#include "data/temporary_folder.h"
#include "sample_checkpoint.h"

using namespace pipetrain;

namespace weights_folder_test {

namespace {

// A file with tensors of one value each.
void write_values(const std::string& path,
                  const std::vector<std::pair<std::string, float>>& values) {
  std::vector<StoredTensor> tensors;
  tensors.reserve(values.size());
  for (const auto& [name, value] : values) {
    tensors.push_back({name, StoredType::kFloat32, {1}, std::as_bytes(std::span(&value, 1))});
  }
  write_safetensors(path, tensors);
}

float value_of(const WeightsFolder& weights, const std::string& name) {
  const StoredTensor& tensor = weights.tensors().at(name);
  return float_at(tensor.bytes.data(), tensor.type);
}

std::string refusal_of(const TemporaryFolder& at) {
  return error_of([&] { const WeightsFolder weights(at.path("")); });
}

constexpr const char* kIndex = "model.safetensors.index.json";

}  // namespace

TEST_CASE("The tensors of one file are found by their names") {
  const TemporaryFolder at;
  write_values(at.path("model.safetensors"), {{"a", 1}, {"b", 2}});
  at.write(kIndex, "not read beside it");
  const WeightsFolder weights(at.path(""));
  CHECK(weights.folder() == at.path(""));
  REQUIRE(weights.tensors().size() == 2);
  CHECK(value_of(weights, "b") == 2);
}

TEST_CASE("Of several files each tensor comes from the one that the index names") {
  const TemporaryFolder at;
  write_values(at.path("1.safetensors"), {{"a", 1}, {"b", 2}});
  write_values(at.path("2.safetensors"), {{"b", 3}, {"unlisted", 4}});
  at.write(kIndex, R"({"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}})");
  const WeightsFolder weights(at.path(""));
  REQUIRE(weights.tensors().size() == 2);
  CHECK(value_of(weights, "a") == 1);
  CHECK(value_of(weights, "b") == 3);
}

TEST_CASE("A folder without weights is refused, one with a program in their place for that") {
  const TemporaryFolder at;
  expect_text(refusal_of(at), "has no model.safetensors and no model.safetensors.index.json");
  CHECK(refusal_of(at).find("pytorch_model.bin") == std::string::npos);
  at.write("pytorch_model.bin", "");
  expect_text(refusal_of(at), "only pytorch_model.bin, which is a program rather than data");
}

TEST_CASE("An index that is damaged, or leads out of its folder, is refused") {
  const TemporaryFolder at;
  const auto refused = [&](const std::string& index, const std::string& why) {
    at.write(kIndex, index);
    expect_text(refusal_of(at), why);
  };
  refused("{", "is damaged: not valid JSON");
  refused("{}", "has no weight_map");
  refused(R"({"weight_map": ["a"]})", "its weight_map is not an object");
  refused(R"({"weight_map": {"a": 1}})", "a is not a text");
  refused(R"({"weight_map": {"a": "../1.safetensors"}})", "names a file outside its folder");
  refused(R"({"weight_map": {"a": "1.safetensors"}})", "1.safetensors: No such file");
}

}  // namespace weights_folder_test
