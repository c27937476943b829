#include "text/subwords/subword_reader.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "text/digest.h"
#include "text/subwords/part.h"
#include "text/subwords/subword_tokenizer.h"

namespace pipetrain {
namespace {

using nlohmann::json;

// How families spell them, for files that no tokenizer_config.json explains.
constexpr std::string_view kEnds[] = {"<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "[SEP]"};
constexpr std::string_view kBeginnings[] = {"<|begin_of_text|>", "<s>", "<bos>", "[CLS]"};

// What ids depend on, the same for merges in the words of older and of newer files. Takes them out.
std::string digest_of_file(json& file) {
  std::string all;
  if (const auto merges = file["model"].find("merges"); merges != file["model"].end()) {
    for (const json& merge : *merges) {
      if (merge.is_string()) {
        all += merge.get_ref<const std::string&>();
      } else {
        for (const json& half : merge) {
          all +=
              (all.empty() || all.back() == '\n' ? "" : " ") + half.get_ref<const std::string&>();
        }
      }
      all += '\n';
    }
    file["model"].erase(merges);
  }
  for (const char* key :
       {"added_tokens", "normalizer", "pre_tokenizer", "post_processor", "model"}) {
    all += file.value(key, json()).dump() + '\n';
  }
  return digest_of(all);
}

// "eos_token" of a tokenizer_config.json: a text or an object with its content.
std::optional<std::int32_t> named_token(const json& config, const char* key,
                                        const AddedTokens& added,
                                        std::span<const std::string_view> names) {
  if (config.is_object() && config.contains(key)) {
    const json& entry = config[key];
    const json content = entry.is_object() ? entry.value("content", json()) : entry;
    if (content.is_string()) return added.special(content.get<std::string>());
    return std::nullopt;
  }
  for (const std::string_view name : names) {
    if (const auto token = added.special(name)) return token;
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<Tokenizer> read_subwords(json& file, const json& config,
                                         const TokenizerPlace& place) {
  JsonPart whole(file, "tokenizer.json", place);
  JsonPart model_part = whole.part("model");
  std::unique_ptr<SubwordModel> model = read_subword_model(model_part);
  Normalizers normalizers;
  if (whole.has("normalizer")) {
    JsonPart part = whole.part("normalizer");
    normalizers = read_normalizers(part);
  }
  AddedTokens added(whole, model->tokens(), normalizers);
  SubwordParts parts{
      .model = std::move(model), .normalizers = std::move(normalizers), .added = std::move(added)};
  if (whole.has("pre_tokenizer")) {
    JsonPart part = whole.part("pre_tokenizer");
    parts.pre_tokenizers = read_pre_tokenizers(part);
  }
  if (whole.has("post_processor")) {
    JsonPart part = whole.part("post_processor");
    parts.around = read_post_processors(part);
  }
  if (whole.has("decoder")) {
    JsonPart part = whole.part("decoder");
    parts.decoders = read_text_decoders(part);
  }
  // How long a text may be, and how short ones are filled up, is for the model's user to say.
  for (const char* key : {"version", "truncation", "padding"}) whole.ignore(key);
  whole.finish();
  for (const auto* around : {&parts.around.before, &parts.around.after}) {
    for (const std::int32_t id : *around) {
      if (id >= parts.added.end()) {
        whole.refuse("post_processor: the id " + std::to_string(id) +
                     " is not in the vocabulary of " + std::to_string(parts.added.end()) +
                     " tokens");
      }
    }
  }
  parts.end = named_token(config, "eos_token", parts.added, kEnds);
  parts.beginning = named_token(config, "bos_token", parts.added, kBeginnings);
  parts.digest = digest_of_file(file);
  return std::make_unique<SubwordTokenizer>(std::move(parts));
}

}  // namespace pipetrain
