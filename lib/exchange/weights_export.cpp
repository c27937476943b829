#include "exchange/weights_export.h"

#include <spdlog/fmt/fmt.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/json_text.h"
#include "checkpoint/output_folder.h"
#include "exchange/hf_config.h"
#include "exchange/hf_files.h"
#include "exchange/hf_images.h"
#include "exchange/hf_model.h"
#include "exchange/hf_tensors.h"
#include "nn/tensor_names.h"
#include "text/subwords/load_tokenizer.h"

namespace pipetrain {
namespace {

// What transformers asks for in the header of a file.
const std::map<std::string, std::string> kMetadata = {{"format", "pt"}};

std::vector<std::string> weight_names(const Checkpoint& checkpoint) {
  std::vector<std::string> names = checkpoint.names();
  std::erase_if(names, [](const std::string& name) { return !is_of_model(name); });
  return names;
}

Config configuration_of(const Checkpoint& checkpoint) {
  checkpoint.config_yaml();  // its checksum
  return load_config(checkpoint.folder() + "/config.yaml");
}

HfModel hf_model_in(const Checkpoint& checkpoint, const Config& config) {
  return hf_model_of(config, [&](const std::string& name) {
    return checkpoint.contains(name) ? checkpoint.shape(name) : Extents();
  });
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

std::string exported(const std::string& output, std::size_t tensors, const std::string& what,
                     std::size_t files = 1) {
  return fmt::format("{}: {}, {} tensors in {}\n", output, what, tensors,
                     files == 1 ? kWeightsFile : std::to_string(files) + " files");
}

Bytes bytes_of(const std::vector<float>& values) { return std::as_bytes(std::span(values)); }

// Some tensors of a list, which make up a file.
struct WeightsShard {
  std::size_t first = 0, count = 0;
  std::int64_t bytes = 0;
};

// Each file takes what follows as long as it has room, and one tensor at least.
std::vector<WeightsShard> shards_of(const std::vector<StoredTensor>& tensors, std::int64_t most) {
  std::vector<WeightsShard> shards = {{}};
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::int64_t bytes = elements_of(tensors[i].shape, tensors[i].name) *
                               static_cast<std::int64_t>(bytes_of(tensors[i].type));
    if (shards.back().count > 0 && shards.back().bytes + bytes > most) shards.push_back({i});
    ++shards.back().count;
    shards.back().bytes += bytes;
  }
  return shards;
}

std::string shard_name(std::size_t index, std::size_t count) {
  return count == 1 ? kWeightsFile
                    : fmt::format("model-{:05}-of-{:05}.safetensors", index + 1, count);
}

void write_index(const std::string& folder, const std::vector<StoredTensor>& tensors,
                 const std::vector<WeightsShard>& shards) {
  nlohmann::ordered_json files;
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    bytes += shards[i].bytes;
    for (std::size_t at = 0; at < shards[i].count; ++at) {
      files[tensors[shards[i].first + at].name] = shard_name(i, shards.size());
    }
  }
  const nlohmann::ordered_json index = {{"metadata", {{"total_size", bytes}}},
                                        {"weight_map", files}};
  write_synced(folder + "/" + kWeightsFile + ".index.json", index.dump(2) + "\n");
}

// How pixels become numbers, if the checkpoint says: it does unless its data were made by a rule.
void write_pixels(const std::string& folder, const Checkpoint& checkpoint, int image) {
  const nlohmann::json of_data = parsed_json(checkpoint.tokenizer_json());
  if (!of_data.is_object() || !of_data.contains("mean") || !of_data.contains("std")) return;
  write_synced(folder + "/" + kHfPreprocessorFile,
               hf_pixels_json({of_data["mean"], of_data["std"]}, image));
}

// One of theirs under the name and with the class that transformers asks for; `model`, its
// configuration, names the tokens that begin and end a text.
void write_tokenizer(const std::string& folder, const Checkpoint& checkpoint,
                     nlohmann::ordered_json& model) {
  using Json = nlohmann::ordered_json;
  const std::string json = checkpoint.tokenizer_json();
  Json tokenizer = parsed_json<Json>(json);
  if (!is_of_others(tokenizer)) return write_synced(folder + "/" + kOwnTokenizerFile, json);
  const TokenizerPlace place{checkpoint.folder() + "/" + kHfTokenizerFile, ExitCode::kCheckpoint};
  const auto read = make_tokenizer(tokenizer, place);
  if (const auto token = read->beginning_of_text()) model["bos_token_id"] = *token;
  if (const auto token = read->end_of_text()) model["eos_token_id"] = *token;
  Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                 {"clean_up_tokenization_spaces", false}};
  if (tokenizer.contains(kEndsOfText)) {
    config.update(tokenizer[kEndsOfText]);
    tokenizer.erase(kEndsOfText);
  }
  write_synced(folder + "/" + kHfTokenizerFile, tokenizer.dump(2) + "\n");
  write_synced(folder + "/" + kHfTokenizerConfigFile, config.dump(2) + "\n");
}

// The values of their tensors, one after the other; one of ours is in memory.
class HfValues {
 public:
  HfValues(const Checkpoint& checkpoint, StoredType type) : checkpoint_(checkpoint), type_(type) {}

  Bytes of(const HfTensor& part) {
    if (held_ != part.own) {
      own_.resize(static_cast<std::size_t>(elements_of(part.own_shape(), part.own)));
      checkpoint_.read(part.own, part.own_shape(), own_);
      held_ = part.own;
    }
    theirs_.resize(static_cast<std::size_t>(part.elements()));
    copy_to_hf(part, own_, theirs_);
    return bytes_as(theirs_, type_, rounded_);
  }

 private:
  const Checkpoint& checkpoint_;
  StoredType type_;
  std::vector<float> own_, theirs_;
  std::vector<std::uint16_t> rounded_;
  std::string held_;  // whose values are in own_
};

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

std::string export_hf(const Checkpoint& checkpoint, const std::string& output,
                      const HfExportOptions& options) {
  const HfModel model = hf_model_in(checkpoint, configuration_of(checkpoint));
  const std::vector<HfTensor> parts = hf_tensors_of(model);
  require_all_used(checkpoint, parts);
  std::vector<StoredTensor> tensors;
  for (const HfTensor& part : parts) {
    checkpoint.require_shape(part.own, part.own_shape());  // before memory is taken for it
    tensors.push_back({part.name, options.type, part.shape(), {}});
  }
  OutputFolder folder(output);
  HfValues values(checkpoint, options.type);
  const std::vector<WeightsShard> shards = shards_of(tensors, options.shard_bytes);
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const auto [first, count, bytes] = shards[i];
    const auto begin = tensors.begin() + static_cast<std::ptrdiff_t>(first);
    write_safetensors(folder.aside() + "/" + shard_name(i, shards.size()),
                      {begin, begin + static_cast<std::ptrdiff_t>(count)}, kMetadata,
                      [&, first = first](std::size_t at) { return values.of(parts[first + at]); });
  }
  if (shards.size() > 1) write_index(folder.aside(), tensors, shards);
  nlohmann::ordered_json config = hf_config_of(model);
  config["torch_dtype"] = options.type == StoredType::kBFloat16 ? "bfloat16" : "float32";
  const auto* const encoder = std::get_if<Encoder>(&model);
  if (encoder != nullptr && encoder->of_images()) {
    write_pixels(folder.aside(), checkpoint, encoder->image);
  } else {
    write_tokenizer(folder.aside(), checkpoint, config);
  }
  write_synced(folder.aside() + "/" + kHfConfigFile, config.dump(2) + "\n");
  folder.finish();
  return exported(output, tensors.size(),
                  "a Hugging Face " + std::string(hf_family_of(model).title()), shards.size());
}

}  // namespace pipetrain
