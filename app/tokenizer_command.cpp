#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "base/cores.h"
#include "base/error.h"
#include "base/output.h"
#include "command.h"
#include "number_option.h"
#include "text/subwords/load_tokenizer.h"
#include "text/training/tokenizer_training.h"
#include "usage_error.h"

namespace pipetrain {
namespace {

struct TrainingOptions {
  TokenizerTraining training;
  std::string output;
};

// Another tokenizer there, which came with a model perhaps, stays.
void require_without_tokenizer(const std::string& folder) {
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"}) {
    std::error_code unknown;
    if (!std::filesystem::exists(std::filesystem::path(folder) / name, unknown)) continue;
    throw Error(ExitCode::kConfiguration,
                "--output " + folder + " has a " + name + " already; name another folder");
  }
}

int train(const TrainingOptions& options) {
  require_without_tokenizer(options.output);
  TokenizerTraining training = options.training;
  if (training.threads < 1) training.threads = own_cores();
  const std::string json = train_tokenizer(training);
  write_tokenizer(json, options.output);
  const auto tokenizer = read_tokenizer(json, {options.output + "/tokenizer.json"});
  write_output(options.output + ": " + std::to_string(tokenizer->vocabulary_size()) +
               " tokens, digest " + tokenizer->digest() + "\n");
  return 0;
}

}  // namespace

Command add_tokenizer_command(CLI::App& command) {
  const auto options = std::make_shared<TrainingOptions>();
  TokenizerTraining& training = options->training;
  command.add_option("--train", training.files, "files of text to learn from; required")
      ->option_text("FILE...");
  add_number(
      command, "--vocabulary", training.vocabulary, "N",
      Bounds<std::int64_t>{.low = kLeastVocabulary, .high = 1'000'000},
      "how many tokens to make, with those of the 256 bytes and the end of a text; required");
  command.add_option("--output", options->output, "folder to make; required")->option_text("DIR");
  add_number(command, "--threads", training.threads, "N", kOneOrMore,
             "how many threads, with the same result for any number; default: one for each core");
  training.threads = 0;
  return {.usage = "pipetrain tokenizer --train FILE... --vocabulary N --output DIR",
          .check =
              [options] {
                require(!options->training.files.empty(), "--train FILE", "tokenizer");
                require(options->training.vocabulary > 0, "--vocabulary N", "tokenizer");
                require(!options->output.empty(), "--output DIR", "tokenizer");
              },
          .run = [options] { return train(*options); }};
}

}  // namespace pipetrain
