#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "comm/mpi/launch.h"
#include "command.h"
#include "mpi_links.h"
#include "number_option.h"
#include "output_format.h"
#include "run_options.h"
#include "startup.h"
#include "train/bench.h"

namespace pipetrain {
namespace {

struct BenchCommandOptions : RunOptions {
  OutputFormat format = OutputFormat::kText;
  int steps = 0;
  bool roofline = false;
};

int bench(const MpiSession& session, ErrorReport& report, const BenchCommandOptions& options) {
  Startup started = start(session, report, options);
  MpiLinks mpi(session, started.grid, started.model->stage_numbers(), started.wait,
               started.model->copies());
  const GridLinks links = mpi.links();
  PipelineRank pipeline(started.config, *started.model, links, mpi.pool());
  log_oddities(started);
  const nlohmann::ordered_json result =
      run_bench(started.config, started.world, started.source.get(), pipeline, links, mpi.pool(),
                {.steps = options.steps, .roofline = options.roofline});
  if (session.rank() == 0) {
    const std::string text =
        options.format == OutputFormat::kJson ? result.dump(2) + "\n" : bench_text(result);
    write_output_through_mpirun(text);
  }
  return 0;
}

}  // namespace

Command add_bench_command(CLI::App& command) {
  const auto options = std::make_shared<BenchCommandOptions>();
  add_run_options(command, *options);
  add_bind_option(command, options->bind);
  add_number(command, "--steps", options->steps, "N", kOneOrMore,
             "steps to time; default: 10 seconds' worth");
  command.add_flag("--roofline", options->roofline,
                   "say for each operation what limits it, computing or memory");
  add_format_option(command, options->format, {OutputFormat::kText, OutputFormat::kJson});
  return {
      .usage = "[mpirun -np RANKS] pipetrain bench --config FILE [OPTION]...",
      .check = [options] { require_config(*options, "bench"); },
      .run_on_ranks = [options](const MpiSession& session,
                                ErrorReport& report) { return bench(session, report, *options); }};
}

}  // namespace pipetrain
