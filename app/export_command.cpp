#include <memory>
#include <string>

#include "base/error.h"
#include "base/output.h"
#include "base/size.h"
#include "base/table.h"
#include "command.h"
#include "exchange/weights_export.h"
#include "output_format.h"
#include "usage_error.h"

namespace pipetrain {
namespace {

struct ExportOptions {
  std::string checkpoint, output;
  OutputFormat format = OutputFormat::kText;
  std::string dtype, shard_size;
};

constexpr Choice<StoredType> kDtypes[] = {
    {StoredType::kFloat32, "float32", "As they are here."},
    {StoredType::kBFloat16, "bfloat16", "Rounded, in half of the bytes."},
};

HfExportOptions hf_options(const ExportOptions& given) {
  HfExportOptions made;
  if (!given.dtype.empty()) made.type = find_row(kDtypes, given.dtype)->value;
  if (!given.shard_size.empty()) made.shard_bytes = parse_size(given.shard_size, "--shard-size");
  return made;
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
  command
      .add_option("--dtype", options->dtype, "of --format hf: the numbers' type; default: float32")
      ->option_text("float32|bfloat16")
      ->check(CLI::IsMember(names_of(kDtypes)));
  command
      .add_option("--shard-size", options->shard_size,
                  "of --format hf: the most bytes of a file; default: 5GB")
      ->option_text("SIZE");
  return {
      .usage = "pipetrain export --checkpoint DIR --format safetensors|hf --output DIR [OPTION]...",
      .check =
          [options] {
            require(!options->checkpoint.empty(), "--checkpoint DIR", "export");
            require(!options->output.empty(), "--output DIR", "export");
            hf_options(*options);
            const bool told = !options->dtype.empty() || !options->shard_size.empty();
            if (told && options->format != OutputFormat::kHf) {
              throw Error(ExitCode::kConfiguration,
                          "--dtype and --shard-size are of --format hf; add it or leave them");
            }
          },
      .run =
          [options] {
            const Checkpoint checkpoint = open_checkpoint(options->checkpoint);
            write_output(options->format == OutputFormat::kHf
                             ? export_hf(checkpoint, options->output, hf_options(*options))
                             : export_plain(checkpoint, options->output));
            return 0;
          }};
}

}  // namespace pipetrain
