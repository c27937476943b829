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
    const bool pickled = is_there(folder + "/pytorch_model.bin") ||
                         is_there(folder + "/pytorch_model.bin.index.json");
    fail_checkpoint(folder,
                    std::string("has no model.safetensors and no model.safetensors.index.json") +
                        (pickled ? ", only pytorch_model.bin, which is a program rather than data; "
                                   "save the model with safe_serialization=True"
                                 : ""));
  }
}

void WeightsFolder::add_file(const std::string& path) {
  files_.emplace_back(path);
  for (const StoredTensor& tensor : files_.back().tensors()) tensors_.emplace(tensor.name, tensor);
}

void WeightsFolder::add_indexed(const std::string& index) {
  const nlohmann::json whole = read_python_json(index);
  const nlohmann::json& listed = json_field(whole, "weight_map", index);
  if (!listed.is_object()) fail_checkpoint(index, "its weight_map is not an object");
  std::map<std::string, std::string> file_of;
  std::set<std::string> files;
  for (const auto& item : listed.items()) {
    const std::string file = json_text(listed, item.key().c_str(), index);
    file_of[item.key()] = *files.insert(plain_file_name(file, index)).first;
  }
  for (const std::string& file : files) {
    files_.emplace_back(folder_ + "/" + file);
    for (const StoredTensor& tensor : files_.back().tensors()) {
      const auto listed_in = file_of.find(tensor.name);
      if (listed_in != file_of.end() && listed_in->second == file) {
        tensors_.emplace(tensor.name, tensor);
      }
    }
  }
}

}  // namespace pipetrain
