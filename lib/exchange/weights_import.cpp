#include "exchange/weights_import.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/suggest.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/json_fields.h"
#include "checkpoint/mapped_bytes.h"
#include "checkpoint/output_folder.h"
#include "checkpoint/weights_folder.h"
#include "exchange/hf_config.h"
#include "exchange/hf_files.h"
#include "exchange/hf_tensors.h"
#include "nn/layers/embedding.h"
#include "nn/tensor_names.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kStep = 0;

// A tensor of ours, or some rows of one, and what is to be in it.
struct ImportedRows {
  HfTensor tensor;
  Extents own_shape;
  const StoredTensor* theirs;
};
struct Import {
  std::vector<ImportedRows> parts;  // those of one layer, and of one tensor, follow each other
  std::vector<std::string> unused;  // tensors of theirs
  std::string tokenizer_json, config_yaml, description;
};

void require_floats(const StoredTensor& tensor, const std::string& folder) {
  if (is_float(tensor.type)) return;
  fail_checkpoint(folder, "tensor " + shortened(tensor.name) + " is " + type_name(tensor) +
                              ", expected F32, BF16 or F16");
}

const StoredTensor* find_named(const WeightsFolder& weights, std::string_view name) {
  const auto found = weights.tensors().find(name);
  return found == weights.tensors().end() ? nullptr : &found->second;
}

// As older files of BERT call a norm's weight and bias.
std::string older_name(std::string_view name) {
  for (const auto& [end, older] :
       {std::pair<std::string_view, const char*>{".LayerNorm.weight", ".LayerNorm.gamma"},
        {".LayerNorm.bias", ".LayerNorm.beta"}}) {
    if (name.ends_with(end)) return std::string(name.substr(0, name.size() - end.size())) + older;
  }
  return {};
}

// Those of a base model lack the first word: "h.0.ln_1.weight" for "transformer.h.0.ln_1.weight".
const StoredTensor* find_theirs(const WeightsFolder& weights, const std::string& name) {
  for (const std::string& spelling : {name, older_name(name)}) {
    if (spelling.empty()) continue;
    const std::string_view whole = spelling, base = whole.substr(whole.find('.') + 1);
    for (const std::string_view tried : {whole, base}) {
      if (const StoredTensor* const found = find_named(weights, tried)) return found;
    }
  }
  return nullptr;
}

// Constants that some versions keep among the weights: the causal mask, the rotary frequencies.
bool is_constant(const std::string& name) {
  constexpr std::array kEnds = {
      "attn.bias",           "attn.masked_bias",      "attention.bias", "attention.masked_bias",
      "rotary_emb.inv_freq", "rotary_emb.cos_cached", "position_ids",   "rotary_emb.sin_cached"};
  return std::ranges::any_of(kEnds, [&](const char* end) { return name.ends_with(end); });
}

bool same_values(const StoredTensor& a, const StoredTensor& b) {
  if (a.shape != b.shape || !is_float(a.type) || !is_float(b.type)) return false;
  if (a.type == b.type && std::ranges::equal(a.bytes, b.bytes)) return true;
  const std::size_t width_a = bytes_of(a.type), width_b = bytes_of(b.type);
  for (std::size_t i = 0; i < a.bytes.size() / width_a; ++i) {
    const float of_a = float_at(a.bytes.data() + i * width_a, a.type);
    if (of_a != float_at(b.bytes.data() + i * width_b, b.type)) return false;
  }
  return true;
}

// The tied table may be there once more under the head's name. Another one there means that either
// it or the configuration is wrong, which we cannot know.
void require_tied(const StoredTensor& head, const StoredTensor& table, const std::string& folder) {
  if (same_values(head, table)) return;
  fail_checkpoint(folder, head.name + " " + text_of(head.shape) + " differs from " + table.name +
                              " " + text_of(table.shape) +
                              ", but the config.json ties them (tie_word_embeddings is true or "
                              "left to its default); set it to false to take both, or remove " +
                              head.name);
}

// What is in the folder and not used is left out, as Hugging Face's own loading does.
std::vector<std::string> unused_of(const WeightsFolder& weights,
                                   const std::set<const StoredTensor*>& used) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : weights.tensors()) {
    if (!used.contains(&tensor) && !is_constant(name)) names.push_back(name);
  }
  return names;
}

void require_depth(int depth, const WeightsFolder& weights) {
  if (static_cast<std::size_t>(depth) <= weights.tensors().size()) return;
  fail_checkpoint(weights.folder(),
                  fmt::format("has {} tensors, too few for the {} blocks of its {}",
                              weights.tensors().size(), depth, kHfConfigFile));
}

// The head of a tied model, which may be there, too.
const StoredTensor* tied_head(const WeightsFolder& weights, const HfModel& model) {
  const auto* const decoder = std::get_if<Decoder>(&model);
  if (decoder == nullptr || !decoder->tied) return nullptr;
  const auto head = weights.tensors().find(std::get<HfDecoders>(hf_family_of(model).models).head);
  return head == weights.tensors().end() ? nullptr : &head->second;
}

void match(const WeightsFolder& weights, const HfModel& model, Import& made) {
  const std::string& folder = weights.folder();
  std::visit([&](const auto& own) { require_depth(own.depth, weights); }, model);
  std::set<const StoredTensor*> used;
  for (HfTensor& tensor : hf_tensors_of(model)) {
    const StoredTensor* const theirs = find_theirs(weights, tensor.name);
    if (theirs == nullptr) {
      fail_checkpoint(folder, "has no tensor " + tensor.name + ", expected one of shape " +
                                  text_of(tensor.shape()) + " as its config.json says");
    }
    if (theirs->shape != tensor.shape()) {
      fail_checkpoint(folder, "tensor " + tensor.name + " has shape " + text_of(theirs->shape) +
                                  ", expected " + text_of(tensor.shape()) +
                                  " as its config.json says");
    }
    require_floats(*theirs, folder);
    used.insert(theirs);
    Extents own_shape = tensor.own_shape();
    made.parts.push_back({std::move(tensor), std::move(own_shape), theirs});
  }
  if (const StoredTensor* const head = tied_head(weights, model)) {
    require_tied(*head, *made.parts.front().theirs, folder);
    used.insert(head);
  }
  made.unused = unused_of(weights, used);
}

Import from_hf(const WeightsFolder& weights, ImportedTokenizer use) {
  const std::string &folder = weights.folder(), path = folder + "/" + kHfConfigFile;
  const HfModel model = parse_hf_config(read_python_json(path), path);
  Import made;
  match(weights, model, made);
  const ImportedConfig imported = imported_config(model, folder, use);
  made.tokenizer_json = imported.tokenizer.dump();
  made.config_yaml = resolved_yaml(imported.config);
  made.description = "a Hugging Face " + std::string(hf_family_of(model).title());
  return made;
}

Import from_plain(const WeightsFolder& weights) {
  const std::string &folder = weights.folder(), config = folder + "/config.yaml";
  Import made;
  for (const auto& [name, tensor] : weights.tensors()) {
    if (!is_of_model(name)) {
      made.unused.push_back(name);
      continue;
    }
    require_floats(tensor, folder);
    HfTensor whole{.name = name, .own = name, .rows = elements_of(tensor.shape, folder)};
    whole.own_rows = whole.rows;
    made.parts.push_back({std::move(whole), tensor.shape, &tensor});
  }
  if (made.parts.empty()) {
    fail_checkpoint(folder, "has no tensor with a name like " + token_table_name());
  }
  load_config(config);
  made.config_yaml = std::string(MappedBytes(config).text());
  made.tokenizer_json = read_own_tokenizer(folder + "/tokenizer.json").dump();
  made.description = "plain weights";
  return made;
}

void warn_of_unused(const std::vector<std::string>& names, const std::string& folder) {
  constexpr std::size_t kMost = 3;
  std::string listed;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) {
    listed += (i == 0 ? "" : ", ") + one_line(shortened(names[i]));
  }
  if (names.size() > kMost) listed += fmt::format(" and {} more", names.size() - kMost);
  spdlog::warn("{}: left out {} tensor{} that the model has not: {}", folder, names.size(),
               names.size() == 1 ? "" : "s", listed);
}

// One file, with all of a layer in memory.
std::string write_layer(std::span<const ImportedRows> parts, const std::string& aside, int file,
                        int files, LargestFile& largest) {
  std::vector<std::vector<float>> values;
  std::vector<CheckpointTensor> tensors;
  for (const ImportedRows& part : parts) {
    const std::string& name = part.tensor.own;
    if (tensors.empty() || tensors.back().name != name) {
      values.emplace_back(static_cast<std::size_t>(elements_of(part.own_shape, name)));
      tensors.push_back({.name = name, .shape = part.own_shape, .data = values.back().data()});
    }
    copy_from_hf(part.tensor, *part.theirs, values.back());
  }
  return write_rank_file(aside, kStep, file, files, tensors, largest);
}

std::vector<std::string> write_layers(const std::vector<ImportedRows>& parts,
                                      const std::string& aside) {
  std::vector<std::span<const ImportedRows>> layers;
  for (std::span<const ImportedRows> rest = parts; !rest.empty();) {
    const auto next = std::ranges::find_if(
        rest, [layer = layer_of(rest.front().tensor.own)](const ImportedRows& part) {
          return layer_of(part.tensor.own) != layer;
        });
    const auto count = static_cast<std::size_t>(next - rest.begin());
    layers.push_back(rest.first(count));
    rest = rest.subspan(count);
  }
  std::vector<std::string> lists;
  lists.reserve(layers.size());
  LargestFile largest;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    lists.push_back(write_layer(layers[i], aside, static_cast<int>(i),
                                static_cast<int>(layers.size()), largest));
  }
  return lists;
}

}  // namespace

std::string import_weights(const std::string& from, const std::string& output,
                           ImportedTokenizer use) {
  require_folder(from);
  const bool hf = is_there(from + "/" + kHfConfigFile);
  if (!hf && !is_there(from + "/config.yaml")) {
    fail_checkpoint(from, "has no config.json, expected a folder of a Hugging Face " +
                              join(hf_titles(), " or ") +
                              ", or one that pipetrain export has written");
  }
  if (is_there(from + "/manifest.json")) {
    fail_checkpoint(from, "is a checkpoint already; it needs no import");
  }
  const WeightsFolder weights(from);
  const Import made = hf ? from_hf(weights, use) : from_plain(weights);
  if (!made.unused.empty()) warn_of_unused(made.unused, from);
  OutputFolder folder(output);
  begin_checkpoint(folder.aside(), kStep);
  const std::vector<std::string> lists = write_layers(made.parts, folder.aside());
  folder.finish(finish_checkpoint(folder.aside(), {.step = kStep}, lists, made.tokenizer_json,
                                  made.config_yaml));
  return fmt::format("{}: a checkpoint of step {} of {}, {} tensors read\n", output, kStep,
                     made.description, made.parts.size());
}

}  // namespace pipetrain
