#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/cores.h"
#include "base/output.h"
#include "comm/in_process.h"
#include "command.h"
#include "number_option.h"
#include "output_format.h"
#include "run_options.h"
#include "setup/description_inputs.h"
#include "setup/model_description.h"
#include "setup/threads.h"
#include "startup.h"

namespace pipetrain {
namespace {

struct DescribeOptions : RunOptions {
  int ranks = 0;
  OutputFormat format = OutputFormat::kText;
};

int describe(const DescribeOptions& options) {
  const Config config = read_config(options);
  const int ranks = options.ranks > 0 ? options.ranks : configured_ranks(config);
  const Grid grid = check_scope(config, ranks);
  const ModelSetup model =
      set_up_model(config, {.data = configured_data_shape(config), .stage_ranks = grid.pipeline()});
  const ThreadsSettled threads = settle_threads(own_cores() / ranks);
  if (!threads.warning.empty()) spdlog::warn("{}", threads.warning);
  InProcess alone(1);
  const Layout layout = choose_layout(config, model, *alone.collective(0));
  const nlohmann::ordered_json description = describe_model(config, model, layout);
  write_output(options.format == OutputFormat::kJson ? description.dump(2) + "\n"
                                                     : model_text(description));
  return 0;
}

}  // namespace

Command add_describe_command(CLI::App& command) {
  const auto options = std::make_shared<DescribeOptions>();
  add_run_options(command, *options);
  add_number(command, "--ranks", options->ranks, "N", kOneOrMore,
             "ranks to cut it for; default: those of pipeline.partition's list, or 1");
  add_format_option(command, options->format, {OutputFormat::kText, OutputFormat::kJson});
  return {.usage = "pipetrain describe --config FILE [--ranks N] [OPTION]...",
          .check = [options] { require_config(*options, "describe"); },
          .run = [options] { return describe(*options); },
          .measures = true};
}

}  // namespace pipetrain
