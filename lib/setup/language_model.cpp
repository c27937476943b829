#include "setup/language_model.h"

#include <cstdint>
#include <string>
#include <utility>

#include "data/formats/formats.h"
#include "nn/layers/embedding.h"
#include "nn/layers/model.h"
#include "nn/presets/presets.h"
#include "text/subwords/load_tokenizer.h"

namespace pipetrain {
namespace {

constexpr const char* kNeeded = "; generate needs a model of text or tokens, such as gpt or llama";

// The rows of the table that turns tokens into vectors.
std::int64_t vocabulary_of(const Checkpoint& checkpoint) {
  const std::string table = token_table_name();
  if (!checkpoint.contains(table) || checkpoint.shape(table).size() != 2) {
    fail_checkpoint(checkpoint.folder(), std::string("has no embedding of tokens") + kNeeded);
  }
  return checkpoint.shape(table)[0];
}

void require_language_model(const LanguageModel& model, const std::string& folder) {
  for (const auto& layer : model.layers) {
    if (layer->reach() != Reach::kRow) continue;
    fail_checkpoint(
        folder, layer->name() + " sees the whole row, so it cannot tell what comes next" + kNeeded);
  }
  const Shape output = model.layers.back()->output_row();
  if (output.rank() != 2 || output.back() < model.tokens()) {
    fail_checkpoint(folder, "its last layer gives rows of " + output.text() + ", expected one of " +
                                std::to_string(model.tokens()) + " logits for each token" +
                                kNeeded);
  }
}

}  // namespace

LanguageModel open_language_model(const Checkpoint& checkpoint) {
  const std::string& folder = checkpoint.folder();
  checkpoint.config_yaml();  // its checksum
  LanguageModel model{.config = load_config(folder + "/config.yaml")};
  const DataConfig& data = model.config.data;
  if (gives_labels(data)) {
    fail_checkpoint(folder, "is of a classifier: its data (" + data.format +
                                ") have one label a row" + kNeeded);
  }
  model.vocabulary = vocabulary_of(checkpoint);
  KeptTokenizer kept =
      read_kept_tokenizer(checkpoint.tokenizer_json(),
                          {folder + "/tokenizer.json", ExitCode::kCheckpoint}, model.vocabulary);
  model.tokenizer = std::move(kept.tokenizer);
  model.chat_template = std::move(kept.chat_template);
  model.context =
      data.sequence_length > 0 ? data.sequence_length : configured_context(model.config.model);
  if (model.tokenizer->vocabulary_size() > model.vocabulary || model.context < 1) {
    fail_checkpoint(folder, "its configuration, tokenizer and weights are of different models");
  }
  model.layers =
      build_layers(model.config.model, {.row = {model.context}, .vocabulary = model.vocabulary});
  require_language_model(model, folder);
  return model;
}

}  // namespace pipetrain
