#include <memory>
#include <string>

#include "base/output.h"
#include "command.h"
#include "exchange/weights_import.h"
#include "usage_error.h"

namespace pipetrain {
namespace {

struct ImportOptions {
  std::string from, output;
  bool without_tokenizer = false;
};

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
                require(!options->from.empty(), "--from DIR", "import");
                require(!options->output.empty(), "--output DIR", "import");
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
