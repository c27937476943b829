#include <memory>
#include <string>

#include "base/error.h"
#include "base/output.h"
#include "command.h"
#include "exchange/weights_export.h"
#include "output_format.h"

namespace pipetrain {
namespace {

struct ExportOptions {
  std::string checkpoint, output;
  OutputFormat format = OutputFormat::kText;
};

void require(const std::string& value, const std::string& option) {
  if (!value.empty()) return;
  throw Error(ExitCode::kConfiguration, option + " DIR is missing; see pipetrain export --help");
}

}  // namespace

Command add_export_command(CLI::App& command) {
  const auto options = std::make_shared<ExportOptions>();
  command
      .add_option("--checkpoint", options->checkpoint,
                  "folder of the checkpoint, such as runs/x/checkpoints/step-00000500; required")
      ->option_text("DIR");
  command.add_option("--output", options->output, "folder to make; required")->option_text("DIR");
  add_format_option(command, options->format, {OutputFormat::kSafetensors, OutputFormat::kHf});
  return {.usage = "pipetrain export --checkpoint DIR --format safetensors|hf --output DIR",
          .check =
              [options] {
                require(options->checkpoint, "--checkpoint");
                require(options->output, "--output");
              },
          .run =
              [options] {
                const Checkpoint checkpoint = open_checkpoint(options->checkpoint);
                write_output(options->format == OutputFormat::kHf
                                 ? export_hf(checkpoint, options->output)
                                 : export_plain(checkpoint, options->output));
                return 0;
              }};
}

}  // namespace pipetrain
