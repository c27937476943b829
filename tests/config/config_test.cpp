#include "config/config.h"

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"
#include "loaded.h"

using namespace pipetrain;

TEST_CASE("A configuration has its values, and defaults for the rest") {
  const Config config =
      load(kModel + kData +
           "optimizer:\n"
           "  learning_rate: 1.0e-3\n"
           "  betas: [0.9, 0.95]\n"
           "  schedule: {type: cosine, warmup_steps: 100, min_learning_rate: 1e-4}\n"
           "pipeline: {schedule: gpipe, partition: [0, 2, 5], recompute: full}\n"
           "train: {steps: 2000, batch_size: 12, eval_batches: 7, seed: 18446744073709551615}\n");
  CHECK(config.model.preset == "gpt");
  CHECK(config.model.width == 128);
  CHECK(config.model.vocabulary == 0);
  CHECK(config.data.sequence_length == 64);
  CHECK(config.optimizer.betas[1] == 0.95);
  CHECK(config.optimizer.schedule.decay_steps == 2000);
  CHECK(config.optimizer.schedule.min_learning_rate == 1e-4);
  CHECK(config.pipeline.schedule == "gpipe");
  CHECK(config.pipeline.microbatches == 0);
  CHECK(config.pipeline.partition == PartitionRule::kList);
  CHECK(config.pipeline.first_layers == std::vector<int>{0, 2, 5});
  CHECK(config.train.eval_batches == 7);
  CHECK(config.train.seed == 18446744073709551615ULL);
  CHECK(config.train.init_from.empty());
  CHECK(config.train.output == (std::filesystem::current_path() / "runs/model").string());
  CHECK(config.communication.timeout_seconds == 600);
}

TEST_CASE("What validates is a word or files of their own, of which no fraction is taken") {
  const TemporaryFolder folder;
  const std::string file = folder.write("model.yaml", kModel + kData);
  CHECK(load_config(file, {"data.validation=random"}).data.random());
  CHECK(!load_config(file).data.validates_files());
  const Config config = load_config(file, {"data.validation=[v.txt]"});
  CHECK(config.data.validates_files());
  CHECK(config.data.validation_fraction == 0);
  const Config again = load_config(folder.write("resolved.yaml", resolved_yaml(config)));
  CHECK(again.data.validation == config.data.validation);
  CHECK(again.data.validation_files == config.data.validation_files);
  CHECK(error_of(kModel + kData, {"data.validation=[]"}) ==
        "--set data.validation: found a list, expected last, random or paths");
  CHECK(error_of(kModel + kData, {"data.validation=v.txt", "data.validation_fraction=0.2"})
            .starts_with("--set data.validation_fraction: is of data.validation last or random"));
  CHECK(error_of(kModel + kData, {"data.token_type=uint32"})
            .starts_with("--set data.token_type: is for tokens, but data.format is text"));
}

TEST_CASE("Overrides win over the file, the last one over the others") {
  const Config config =
      load(kModel + kData + "train: {steps: 5}\n",
           {"train.steps=6", "train.steps=7", "train.seed=9", "optimizer.betas=[0.5, 0.6]",
            "optimizer.schedule.type=linear", "communication={timeout_seconds: 3}"});
  CHECK(config.train.steps == 7);
  CHECK(config.train.seed == 9);
  CHECK(config.optimizer.betas[0] == 0.5);
  CHECK(config.optimizer.schedule.type == "linear");
  CHECK(config.communication.timeout_seconds == 3);
}

TEST_CASE("A table's own sizes win over the file's, not over the command line's") {
  const std::string yaml =
      kModel + kData + "pipeline: {schedule: gpipe, microbatches: 6, virtual_stages: 1}\n";
  const PipelineConfig of_table = load(yaml, {"pipeline.schedule=own.csv"}).pipeline;
  CHECK(of_table.microbatches == 0);
  CHECK(of_table.virtual_stages == 0);
  CHECK(load(yaml).pipeline.microbatches == 6);
  const std::vector<std::string> asked{"pipeline.schedule=own.csv", "pipeline.microbatches=5"};
  CHECK(load(yaml, asked).pipeline.microbatches == 5);
}

TEST_CASE("A Llama's context is only the default of data.sequence_length") {
  const std::string llama = "model: {preset: llama, depth: 2, heads: 4, width: 24, context: 8}\n";
  CHECK(load(llama + kData).data.sequence_length == 8);
  CHECK(load(llama + kData, {"data.sequence_length=100"}).data.sequence_length == 100);
}

TEST_CASE("tie_embeddings is left to the preset unless it is given") {
  CHECK_FALSE(load(kModel + kData).model.tie_embeddings.has_value());
  const Config config = load(kModel + kData, {"model.tie_embeddings=false"});
  CHECK(config.model.tie_embeddings == false);
  CHECK(resolved_yaml(config).find("tie_embeddings: false") != std::string::npos);
}

TEST_CASE("A page is left by runs of more than 20 steps, unless train.report says otherwise") {
  const auto with = [](const std::vector<std::string>& settings) {
    return load(kModel + kData, settings);
  };
  CHECK_FALSE(with({"train.steps=20"}).train.reports());
  CHECK(with({"train.steps=21"}).train.reports());
  CHECK(with({"train.steps=20", "train.report=true"}).train.reports());
  const Config config = with({"train.steps=21", "train.report=false"});
  CHECK_FALSE(config.train.reports());
  CHECK(resolved_yaml(config).find("report: false") != std::string::npos);
  CHECK(resolved_yaml(with({"train.steps=21"})).find("report:") == std::string::npos);
}

TEST_CASE("Epochs decide the steps once it is known how many they have") {
  Config config = load(kModel + kData + "train: {epochs: 3}\n");
  CHECK(config.train.steps == TrainConfig::kNoSteps);
  CHECK(resolved_yaml(config).find("\n  steps:") == std::string::npos);
  settle_steps(config, 8);
  CHECK(config.train.steps == 24);
  CHECK(config.optimizer.schedule.decay_steps == 24);
  // As resolved it is the same run.
  Config again = load(resolved_yaml(config));
  settle_steps(again, 8);
  CHECK(resolved_yaml(again) == resolved_yaml(config));

  Config fewer = load(kModel + kData + "train: {epochs: 3, steps: 20}\n");
  settle_steps(fewer, 8);
  CHECK(fewer.train.steps == 20);
  Config neither = load(kModel + kData);
  settle_steps(neither, 8);
  CHECK(neither.train.steps == 1000);
  Config none = load(kModel + kData + "train: {epochs: 3, steps: 0}\n");
  settle_steps(none, 8);
  CHECK(none.train.steps == 0);
  CHECK(load(resolved_yaml(none)).train.steps == 0);
  Config drawn = load(kModel + kData + "train: {epochs: 3}\n");
  CHECK_THROWS_WITH(settle_steps(drawn, 0), ContainsSubstring("none of windows that are drawn"));
  Config many = load(kModel + kData + "train: {epochs: 2147483647}\n");
  CHECK_THROWS_WITH(settle_steps(many, 2), ContainsSubstring("more than 2147483647 steps"));
}

TEST_CASE("Options of data are read where they have a meaning, and refused where they have none") {
  const std::string images =
      "model: {layers: [flatten]}\ndata: {format: idx, path: mnist, mean: 0.1, std: [0.3], pad: 2, "
      "crop: 4, flip: true, classes: 10}\n";
  const Config config = load(images);
  CHECK(config.data.mean == std::vector<double>{0.1});
  CHECK(config.data.deviation == std::vector<double>{0.3});
  CHECK(config.data.pad == 2);
  CHECK(config.data.flip);
  CHECK(resolved_yaml(load(resolved_yaml(config))) == resolved_yaml(config));
  const std::string made =
      "model: {layers: [flatten]}\ndata: {format: synthetic, image: [8, 9, 3], classes: 4}\n";
  CHECK(load(made).data.image == std::vector<int>{8, 9, 3});

  const auto contains = [](const std::string& message, const std::string& part) {
    INFO(message);
    CHECK(message.find(part) != std::string::npos);
  };
  for (const char* rate : {"1", "1.5", "-0.1", "nan", "some"}) {
    contains(
        error_of(kModel + kData, {std::string("model.dropout=") + rate}),
        "model.dropout: found '" + std::string(rate) + "', expected a number from 0 to below 1");
  }
  contains(error_of(kModel + kData, {"data.flip=true"}),
           "data.flip: is for idx and cifar, but data.format is text");
  contains(error_of(kModel + kData, {"data.vocabulary=9"}), "text with tokenizer word");
  CHECK(error_of(kModel + kData, {"data.vocabulary=9", "data.tokenizer=word"}) == "no error");
  contains(error_of(images, {"data.image=[8, 9, 3]"}), "data.image: is for synthetic");
  contains(error_of(images, {"data.format=cifar"}), "data.classes: is for csv, idx and synthetic");
  contains(error_of(images, {"data.std=0"}), "found '0', expected a number above 0");
  contains(error_of(images, {"data.mean=[]"}), "data.mean: found");
  contains(error_of(images, {"data.pad=-1"}), "data.pad: found '-1'");
  contains(error_of(made, {"data.image=[8, 9]"}), "expected height, width and channels");
  contains(error_of("model: {layers: [flatten]}\ndata: {format: synthetic, image: [8, 9, 3]}\n"),
           "data.classes beside them");
}

TEST_CASE("A missing or unreadable configuration names the file and the reason") {
  const TemporaryFolder folder;
  auto message = [](const std::string& path) -> std::string {
    try {
      load_config(path);
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::kConfiguration);
      return error.what();
    }
    return "no error";
  };
  CHECK(message(folder.path("none.yaml")) ==
        "configuration: " + folder.path("none.yaml") + ": No such file or directory");
  CHECK(message(folder.path("")).find("Is a directory") != std::string::npos);
}

TEST_CASE("Documents have a tokenizer that brings a vocabulary along, and keys of their own") {
  const std::string documents = kModel +
                                "data: {format: documents, path: [docs, more.jsonl], tokenizer: "
                                "tokenizers/mine, field: body, on_bad_document: skip, cache: kept, "
                                "windows: epochs}\n";
  const Config config = load(documents);
  CHECK(config.data.tokenizer_path.ends_with("/tokenizers/mine"));
  CHECK(config.data.field == "body");
  CHECK(config.data.on_bad_document == OnBadDocument::kSkip);
  CHECK(config.data.cache.ends_with("/kept"));
  CHECK(config.data.windows == Windows::kEpochs);
  CHECK(resolved_yaml(load(resolved_yaml(config))) == resolved_yaml(config));
  CHECK(load(documents, {"data.tokenizer=byte"}).data.tokenizer_path.empty());
  const auto contains = [](const std::string& message, const std::string& part) {
    INFO(message);
    CHECK(message.find(part) != std::string::npos);
  };
  contains(error_of(documents, {"data.tokenizer=char"}),
           "data.tokenizer: is char, whose vocabulary");
  contains(error_of(documents, {"data.format=csv", "data.field=text", "data.on_bad_document=stop",
                                "data.windows=drawn"}),
           "data.cache: is for text, documents and jsonl");
  contains(error_of(kModel + kData, {"data.field=body"}), "data.field: is for documents and jsonl");
}

TEST_CASE("A mixture has a path and a weight for each source, in place of data.path") {
  const std::string mixture = kModel +
                              "data: {format: jsonl, tokenizer: byte, mixture: [{path: a, weight: "
                              "0.75}, {path: b}]}\n";
  const Config config = load(mixture);
  REQUIRE(config.data.mixture.size() == 2);
  CHECK(config.data.mixture[0].path.ends_with("/a"));
  CHECK(config.data.mixture[0].weight == 0.75);
  CHECK(config.data.mixture[1].weight == 1);
  CHECK(resolved_yaml(load(resolved_yaml(config))) == resolved_yaml(config));
  const auto contains = [](const std::string& message, const std::string& part) {
    INFO(message);
    CHECK(message.find(part) != std::string::npos);
  };
  contains(error_of(mixture, {"data.path=a"}), "data.mixture: given beside data.path");
  contains(error_of(mixture, {"data.windows=epochs"}), "rows of a mixture are drawn");
  for (const char* wrong : {"a", "[]", "[a]", "[{weight: 1}]", "[{path: a, wait: 1}]"}) {
    contains(error_of(mixture, {std::string("data.mixture=") + wrong}),
             "expected a list of {path: PATH, weight: NUMBER}");
  }
  contains(error_of(mixture, {"data.mixture=[{path: a, weight: 0}]"}), "expected a number above 0");
}
