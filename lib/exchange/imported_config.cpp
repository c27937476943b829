#include "exchange/imported_config.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/table.h"
#include "checkpoint/json_fields.h"
#include "exchange/hf_files.h"
#include "exchange/hf_images.h"
#include "text/subwords/load_tokenizer.h"

namespace pipetrain {
namespace {

// Ours or theirs; one that this program cannot follow exactly, or whose tokens the model lacks, is
// refused.
nlohmann::json hf_tokenizer(const std::string& folder, ImportedTokenizer use, int vocabulary) {
  const std::string own = folder + "/" + kOwnTokenizerFile, path = folder + "/" + kHfTokenizerFile;
  if (use == ImportedTokenizer::kLeftOut) return {{"type", "tokens"}};
  if (is_there(own)) return read_own_tokenizer(own);
  if (!is_there(path)) return {{"type", "tokens"}};
  try {
    LoadedTokenizer loaded = load_tokenizer(path);
    const std::int64_t tokens = loaded.tokenizer->vocabulary_size();
    if (tokens > vocabulary) {
      throw Error(ExitCode::kCheckpoint,
                  fmt::format("checkpoint: {}: has {} tokens, but the model's "
                              "vocabulary is of {}",
                              path, tokens, vocabulary));
    }
    return std::move(loaded.file);
  } catch (const Error& error) {
    throw Error(error.code(), std::string(error.what()) +
                                  "; --without-tokenizer imports the model alone, which then takes "
                                  "token numbers in place of text");
  }
}

ImportedConfig config_for(const Decoder& model, const std::string& folder, ImportedTokenizer use) {
  ImportedConfig made{.config = {}, .tokenizer = hf_tokenizer(folder, use, model.vocabulary)};
  made.config.model = model_config_of(model);
  DataConfig& data = made.config.data;
  data = {.format = "tokens", .path = {"tokens.bin"}, .sequence_length = model.context};
  const std::string type = made.tokenizer.value("type", "");
  if (const auto* kind = find_row(kTokenizers, type)) {
    data.format = "text";
    data.path = {"corpus.txt"};
    data.tokenizer = kind->value;
  } else if (type == "synthetic") {
    data.format = type;
    data.path.clear();
  }
  return made;
}

// Texts with a label each; what fills up a row is no part of the text.
DataConfig texts_for(const Encoder& model, const nlohmann::json& tokenizer,
                     const std::string& folder) {
  DataConfig data{.format = "csv",
                  .path = {"texts.csv"},
                  .sequence_length = model.context,
                  .documents = Documents::kSeparate,
                  .classes = model.classes};
  if (const auto* kind = find_row(kTokenizers, tokenizer.value("type", std::string()))) {
    data.tokenizer = kind->value;
    return data;
  }
  data.tokenizer_path = kHfTokenizerFile;  // the checkpoint's own
  if (!is_of_others(tokenizer)) {
    spdlog::warn("{}: has no {} that texts could be read with; data.tokenizer must name one",
                 folder, kHfTokenizerFile);
  }
  return data;
}

ImportedConfig config_for(const Encoder& model, const std::string& folder, ImportedTokenizer use) {
  ImportedConfig made;
  made.config.model = model_config_of(model);
  if (!model.of_images()) {
    made.tokenizer = hf_tokenizer(folder, use, model.vocabulary);
    made.config.data = texts_for(model, made.tokenizer, folder);
    return made;
  }
  const HfPixels pixels = read_hf_pixels(folder, model.channels, model.image);
  made.tokenizer = {
      {"type", "image"}, {"mean", pixels.mean}, {"std", pixels.deviation}, {"pad", 0}};
  made.config.data = {.format = "idx",
                      .path = {"images.idx", "labels.idx"},
                      .mean = pixels.mean,
                      .deviation = pixels.deviation};
  return made;
}

}  // namespace

nlohmann::json read_own_tokenizer(const std::string& path) {
  nlohmann::json tokenizer = read_json(path);
  if (!is_of_others(tokenizer)) json_text(tokenizer, "type", path);
  return tokenizer;
}

ImportedConfig imported_config(const HfModel& model, const std::string& folder,
                               ImportedTokenizer use) {
  ImportedConfig made =
      std::visit([&](const auto& own) { return config_for(own, folder, use); }, model);
  made.config.train.init_from = ".";  // relative to the checkpoint
  made.config.train.output = "run";
  return made;
}

}  // namespace pipetrain
