// Copies of the Hugging Face folders of tests/golden/, changed as a test wants. It must not know
// what is looked at.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "data/temporary_folder.h"

namespace pipetrain {

struct HfFolder {
  struct Values {
    StoredType type = StoredType::kFloat32;
    Extents shape;
    std::string bytes;
    bool operator==(const Values&) const = default;
  };
  using Tensors = std::map<std::string, Values>;

  HfFolder(const TemporaryFolder& at, const std::string& golden, const std::string& name)
      : path(at.path(name)) {
    std::filesystem::copy(std::string(PIPETRAIN_GOLDEN) + "/" + golden, path);
    std::filesystem::remove(path + "/logits.safetensors");
  }

  static Tensors tensors_in(const std::string& folder) {
    Tensors made;
    const SafetensorsFile file(folder + "/model.safetensors");
    for (const StoredTensor& tensor : file.tensors()) {
      made[tensor.name] = {
          tensor.type,
          tensor.shape,
          {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()}};
    }
    return made;
  }
  void change(const std::function<void(Tensors&)>& how) const {
    Tensors tensors = tensors_in(path);
    how(tensors);
    std::vector<StoredTensor> stored;
    for (const auto& [name, values] : tensors) {
      stored.push_back({name, values.type, values.shape, std::as_bytes(std::span(values.bytes))});
    }
    write_safetensors(path + "/model.safetensors", stored);
  }
  void set(const std::string& key, const nlohmann::json& value) const {
    nlohmann::json config;
    std::ifstream(path + "/config.json") >> config;
    config[key] = value;
    std::ofstream(path + "/config.json") << config;
  }

  std::string path;
};

}  // namespace pipetrain
