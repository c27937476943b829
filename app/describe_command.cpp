#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/output.h"
#include "base/processors.h"
#include "comm/in_process.h"
#include "command.h"
#include "data/formats/formats.h"
#include "nn/presets/presets.h"
#include "number_option.h"
#include "output_format.h"
#include "run_options.h"
#include "schedule/generate/generate.h"
#include "setup/model_description.h"
#include "setup/threads.h"
#include "startup.h"

namespace pipetrain {
namespace {

struct DescribeOptions : RunOptions {
  int ranks = 0;
  OutputFormat format = OutputFormat::kText;
};

// What the model must know of the data. Text is not opened for a vocabulary that is configured.
DataShape shape_of_data(const Config& config) {
  const DataConfig& data = config.data;
  const std::int64_t vocabulary = configured_vocabulary(config.model);
  if (vocabulary > 0 && reads_files(data) && !gives_labels(data)) {
    return {.row = {data.sequence_length}, .vocabulary = vocabulary, .classes = vocabulary};
  }
  return data_shape_of(
      *open_source(data, data.sequence_length, config.train.seed, static_cast<int>(vocabulary)));
}

// As many as a list of stages is for, else one; for each replica.
int default_ranks(const Config& config) {
  const PipelineConfig& pipeline = config.pipeline;
  const bool table = pipeline.schedule.ends_with(".csv");
  const int stages_per_rank = pipeline.virtual_stages > 0 ? pipeline.virtual_stages
                              : table                     ? 1
                                      : default_virtual_stages(pipeline.schedule);
  const int places = std::max(1, static_cast<int>(pipeline.first_layers.size()) / stages_per_rank);
  return places * config.parallel.data * config.parallel.tensor;
}

int describe(const DescribeOptions& options) {
  const Config config = read_config(options);
  const int ranks = options.ranks > 0 ? options.ranks : default_ranks(config);
  const Grid grid = check_scope(config, ranks);
  const ModelSetup model =
      set_up_model(config, {.data = shape_of_data(config), .stage_ranks = grid.pipeline()});
  const ThreadsSettled threads = settle_threads(own_processors().count() / ranks);
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
          .check = [options] { require_config(*options); },
          .run = [options] { return describe(*options); },
          .measures = true};
}

}  // namespace pipetrain
