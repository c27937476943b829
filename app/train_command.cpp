#include <memory>
#include <numeric>

#include "comm/mpi/mpi_collective.h"
#include "comm/mpi/mpi_mailbox.h"
#include "command.h"
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
  std::vector<int> ranks(static_cast<std::size_t>(session.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  MemoryPool pool;
  MpiMailbox mailbox(ranks, pool, started.wait, started.plan.virtual_stages);
  MpiCollective collective(ranks, pool, started.wait, &mailbox);
  Trainer trainer(started.config, started.world, started.source.get(), started.directory.get(),
                  std::move(started.plan), mailbox, collective, pool,
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
