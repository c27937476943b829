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
  return {.usage = "pipetrain import --from DIR --output DIR",
          .check =
              [options] {
                require(options->from, "--from");
                require(options->output, "--output");
              },
          .run =
              [options] {
                write_output(import_weights(options->from, options->output));
                return 0;
              }};
}

}  // namespace pipetrain
