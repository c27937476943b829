#include <memory>

#include "command.h"
#include "mpi_links.h"
#include "run_options.h"
#include "startup.h"
#include "train/trainer.h"

namespace pipetrain {
namespace {

struct TrainOptions : RunOptions {
  bool no_progress = false, trace = false;
};

int train(const MpiSession& session, ErrorReport& report, const TrainOptions& options) {
  Startup started = start(session, report, options, /*makes_run_directory=*/true);
  MpiLinks mpi(session, started.grid, started.plan.virtual_stages, started.wait);
  Trainer trainer(started.config, started.world, started.source.get(), started.directory.get(),
                  std::move(started.plan), mpi.links(), mpi.pool(),
                  {.progress = !options.no_progress, .trace = options.trace});
  report.agree([&] { trainer.load_weights(); });
  trainer.run();
  return 0;
}

}  // namespace

Command add_train_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("train", "Train a model; the default, so the word can be left out.");
  const auto options = std::make_shared<TrainOptions>();
  add_run_options(*command, *options);
  add_short(*command, *options, "--output", "DIR", "train.output",
            "run directory; default: runs/ and the configuration's name");
  command->add_flag("--trace", options->trace,
                    "write trace.json into the run directory: ten steps after the first two");
  command->add_flag("--no-progress", options->no_progress, "no progress bar on a terminal");
  return {
      .options = command,
      .usage = "[mpirun -np RANKS] pipetrain [train] --config FILE [OPTION]...",
      .check =
          [options] {
            require_config(*options);
            options->own_words = std::string("--trace: ") + (options->trace ? "yes" : "no") + "\n";
          },
      .run_on_ranks = [options](const MpiSession& session,
                                ErrorReport& report) { return train(session, report, *options); }};
}

}  // namespace pipetrain
