#include "checkpoint/weights_folder.h"

#include <filesystem>
#include <set>

#include "checkpoint/json_fields.h"

namespace pipetrain {
namespace {

bool is_there(const std::string& path) {
  std::error_code unreadable;
  return std::filesystem::exists(path, unreadable);
}

}  // namespace

WeightsFolder::WeightsFolder(const std::string& folder) : folder_(folder) {
  const std::string whole = folder + "/model.safetensors", index = whole + ".index.json";
  if (is_there(whole)) {
    add_file(whole);
  } else if (is_there(index)) {
    add_indexed(index);
  } else {
    fail_checkpoint(folder, "has no model.safetensors and no model.safetensors.index.json");
  }
}

void WeightsFolder::add_file(const std::string& path) {
  files_.emplace_back(path);
  for (const StoredTensor& tensor : files_.back().tensors()) {
    if (!tensors_.emplace(tensor.name, tensor).second) {
      fail_checkpoint(path, "tensor " + shortened(tensor.name) + " is in another file, too");
    }
  }
}

void WeightsFolder::add_indexed(const std::string& index) {
  const nlohmann::json whole = read_json(index);
  const nlohmann::json& listed = json_field(whole, "weight_map", index);
  if (!listed.is_object()) fail_checkpoint(index, "its weight_map is not an object");
  std::set<std::string> files;
  for (const auto& item : listed.items()) {
    files.insert(plain_file_name(json_text(listed, item.key().c_str(), index), index));
  }
  for (const std::string& file : files) add_file(folder_ + "/" + file);
  for (const auto& item : listed.items()) {
    if (tensors_.contains(item.key())) continue;
    fail_checkpoint(index, "lists a tensor " + shortened(item.key()) + " that no file has");
  }
  for (const auto& [name, tensor] : tensors_) {
    if (listed.contains(name)) continue;
    fail_checkpoint(index, "does not list the tensor " + shortened(name) + " of its files");
  }
}

}  // namespace pipetrain
