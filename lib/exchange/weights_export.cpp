#include "exchange/weights_export.h"

#include <spdlog/fmt/fmt.h>

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "checkpoint/output_folder.h"
#include "exchange/hf_config.h"
#include "exchange/hf_files.h"
#include "exchange/hf_model.h"
#include "exchange/hf_tensors.h"
#include "nn/layers/embedding.h"
#include "nn/tensor_names.h"

namespace pipetrain {
namespace {

// What transformers asks for in the header of a file.
const std::map<std::string, std::string> kMetadata = {{"format", "pt"}};

std::vector<std::string> weight_names(const Checkpoint& checkpoint) {
  std::vector<std::string> names = checkpoint.names();
  std::erase_if(names, [](const std::string& name) { return !is_of_model(name); });
  return names;
}

Config config_of(const Checkpoint& checkpoint) {
  checkpoint.config_yaml();  // its checksum
  return load_config(checkpoint.folder() + "/config.yaml");
}

Decoder hf_model_in(const Checkpoint& checkpoint) {
  const std::string table = token_table_name();
  const bool has_table = checkpoint.contains(table) && checkpoint.shape(table).size() == 2;
  return hf_model_of(config_of(checkpoint), has_table ? checkpoint.shape(table)[0] : 0);
}

void require_all_used(const Checkpoint& checkpoint, const std::vector<HfTensor>& tensors) {
  std::set<std::string> used;
  for (const HfTensor& tensor : tensors) used.insert(tensor.own);
  for (const std::string& name : weight_names(checkpoint)) {
    if (used.contains(name)) continue;
    fail_checkpoint(checkpoint.folder(),
                    "has a tensor " + name + " that the model in its config.yaml has not");
  }
}

std::string exported(const std::string& output, std::size_t tensors, const std::string& what) {
  return fmt::format("{}: {}, {} tensors in model.safetensors\n", output, what, tensors);
}

Bytes bytes_of(const std::vector<float>& values) { return std::as_bytes(std::span(values)); }

}  // namespace

std::string export_plain(const Checkpoint& checkpoint, const std::string& output) {
  std::vector<StoredTensor> tensors;
  for (const std::string& name : weight_names(checkpoint)) {
    tensors.push_back({name, StoredType::kFloat32, checkpoint.shape(name), {}});
  }
  OutputFolder folder(output);
  std::vector<float> values;
  write_safetensors(folder.aside() + "/" + kWeightsFile, tensors, kMetadata, [&](std::size_t i) {
    values.resize(static_cast<std::size_t>(elements_of(tensors[i].shape, checkpoint.folder())));
    checkpoint.read(tensors[i].name, tensors[i].shape, values);
    return bytes_of(values);
  });
  write_synced(folder.aside() + "/config.yaml", checkpoint.config_yaml());
  write_synced(folder.aside() + "/tokenizer.json", checkpoint.tokenizer_json());
  folder.finish();
  return exported(output, tensors.size(), "plain weights");
}

std::string export_hf(const Checkpoint& checkpoint, const std::string& output) {
  const Decoder model = hf_model_in(checkpoint);
  const std::vector<HfTensor> parts = hf_tensors_of(model);
  require_all_used(checkpoint, parts);
  std::vector<StoredTensor> tensors;
  for (const HfTensor& part : parts) {
    checkpoint.require_shape(part.own, part.own_shape());  // before memory is taken for it
    tensors.push_back({part.name, StoredType::kFloat32, part.shape(), {}});
  }
  OutputFolder folder(output);
  std::vector<float> own, theirs;
  std::string held;  // whose values are in `own`
  write_safetensors(folder.aside() + "/" + kWeightsFile, tensors, kMetadata, [&](std::size_t i) {
    const HfTensor& part = parts[i];
    if (held != part.own) {
      own.resize(static_cast<std::size_t>(elements_of(part.own_shape(), part.own)));
      checkpoint.read(part.own, part.own_shape(), own);
      held = part.own;
    }
    theirs.resize(static_cast<std::size_t>(part.elements()));
    copy_to_hf(part, own, theirs);
    return bytes_of(theirs);
  });
  write_synced(folder.aside() + "/" + kHfConfigFile, hf_config_of(model).dump(2) + "\n");
  write_synced(folder.aside() + "/" + kHfTokenizerFile, checkpoint.tokenizer_json());
  folder.finish();
  return exported(output, tensors.size(), "a Hugging Face " + std::string(model.family.title));
}

}  // namespace pipetrain
