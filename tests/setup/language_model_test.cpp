#include "setup/language_model.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"
#include "nn/layers/model.h"
#include "setup/weights.h"

using namespace pipetrain;

namespace language_model_test {

namespace {

constexpr const char* kNumbers = R"({"type": "tokens"})";

Config gpt() {
  Config config;
  config.model = {.preset = "gpt", .depth = 1, .heads = 2, .width = 8, .context = 4};
  config.data.format = "tokens";
  config.data.path = {"tokens.bin"};
  config.train.output = "/run";
  return config;
}

// A checkpoint of zeros, or without any weights.
Checkpoint checkpoint_of(const TemporaryFolder& at, const Config& config,
                         const std::string& tokenizer, bool weights = true) {
  const std::int64_t tokens = std::max(config.data.sequence_length, 4);
  const auto layers =
      build_layers(config.model, {.row = {tokens}, .vocabulary = 13, .classes = 13});
  std::vector<std::vector<float>> values;
  std::vector<CheckpointTensor> tensors;
  for (const auto& layer : layers) {
    for (const Parameter& parameter : layer->parameters()) {
      if (parameter.tied_to_earlier || !weights) continue;
      values.emplace_back(static_cast<std::size_t>(parameter.elements()));
      tensors.push_back({.name = parameter.name,
                         .shape = extents_of(parameter.shape),
                         .data = values.back().data()});
    }
  }
  begin_checkpoint(at.path("run"), 1);
  const std::string list = write_rank_file(at.path("run"), 1, 0, 1, tensors);
  return open_checkpoint(
      finish_checkpoint(at.path("run"), {.step = 1}, {list}, tokenizer, resolved_yaml(config)));
}

std::string refusal(const Config& config, const std::string& tokenizer = kNumbers,
                    bool weights = true) {
  const TemporaryFolder at;
  const Checkpoint checkpoint = checkpoint_of(at, config, tokenizer, weights);
  try {
    open_language_model(checkpoint);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kCheckpoint);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("A language model has its layers, tokens and the length of its rows from a checkpoint") {
  const TemporaryFolder at;
  const LanguageModel model = open_language_model(checkpoint_of(at, gpt(), kNumbers));
  CHECK(model.context == 4);
  CHECK(model.vocabulary == 13);
  CHECK(model.tokens() == 13);  // numbers have no vocabulary of their own
  CHECK(model.layers.size() == 5);
  CHECK(model.layers.back()->output_row() == Shape{4, 13});
}

TEST_CASE("Of a tokenizer with fewer tokens than the model only those may come next") {
  const TemporaryFolder at;
  const LanguageModel model = open_language_model(
      checkpoint_of(at, gpt(), R"({"type": "char", "vocabulary": ["a", "b", "c"]})"));
  CHECK(model.vocabulary == 13);
  CHECK(model.tokens() == 3);
}

TEST_CASE("A row is as long as the data's, which may differ from the model's") {
  Config config = gpt();
  config.model.preset = "llama";
  config.data.sequence_length = 6;
  const TemporaryFolder at;
  CHECK(open_language_model(checkpoint_of(at, config, kNumbers)).context == 6);
}

TEST_CASE("What does not tell each next token is no language model") {
  Config labels = gpt();
  labels.data.format = "csv";
  CHECK(contains(refusal(labels), "is of a classifier: its data (csv) have one label a row",
                 "generate needs a model of text or tokens"));
  CHECK(contains(refusal(gpt(), kNumbers, /*weights=*/false), "has no embedding of tokens"));
  Config mean = gpt();
  mean.model = {.layers = {{.kind = "embedding", .options = {{"width", "8"}}},
                           {.kind = "mean_pool"},
                           {.kind = "linear", .options = {{"features", "13"}}}}};
  mean.data.sequence_length = 4;
  CHECK(contains(refusal(mean), "sees the whole row, so it cannot tell what comes next"));
}

TEST_CASE("A tokenizer of more tokens than the model has is another model's") {
  CHECK(contains(refusal(gpt(), R"({"type": "byte"})"),
                 "its configuration, tokenizer and weights are of different models"));
}

}  // namespace language_model_test
