#include <memory>
#include <string>

#include "base/error.h"
#include "base/output.h"
#include "command.h"
#include "exchange/weights_import.h"

namespace pipetrain {
namespace {

struct ImportOptions {
  std::string from, output;
  bool without_tokenizer = false;
};

void require(const std::string& value, const std::string& option) {
  if (!value.empty()) return;
  throw Error(ExitCode::kConfiguration, option + " DIR is missing; see pipetrain import --help");
}

}  // namespace

Command add_import_command(CLI::App& command) {
  const auto options = std::make_shared<ImportOptions>();
  command
      .add_option("--from", options->from,
                  "folder with config.json and model.safetensors, or of an export; required")
      ->option_text("DIR");
  command.add_option("--output", options->output, "the checkpoint to make; required")
      ->option_text("DIR");
  command.add_flag("--without-tokenizer", options->without_tokenizer,
                   "leave the folder's tokenizer out; the model then takes token numbers");
  return {.usage = "pipetrain import --from DIR --output DIR [--without-tokenizer]",
          .check =
              [options] {
                require(options->from, "--from");
                require(options->output, "--output");
              },
          .run =
              [options] {
                const auto tokenizer = options->without_tokenizer ? ImportedTokenizer::kLeftOut
                                                                  : ImportedTokenizer::kTaken;
                write_output(import_weights(options->from, options->output, tokenizer));
                return 0;
              }};
}

}  // namespace pipetrain
