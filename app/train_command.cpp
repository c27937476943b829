#include <cstddef>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/folder_lock.h"
#include "base/log.h"
#include "base/output.h"
#include "base/stop_request.h"
#include "checkpoint/file_io.h"
#include "comm/mpi/launch.h"
#include "command.h"
#include "mpi_links.h"
#include "option_lines.h"
#include "run_options.h"
#include "run_report.h"
#include "setup/resumed_settings.h"
#include "setup/run_origin.h"
#include "startup.h"
#include "train/run_directory.h"
#include "train/run_record.h"
#include "train/trainer.h"

namespace pipetrain {
namespace {

struct TrainOptions : RunOptions {
  bool trace = false;
  bool live = false;
  bool rebalance = false;
};

// As it was typed, for the checkpoints.
std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string text;
  for (std::string word; std::getline(file, word, '\0');) {
    const bool plain = word.find_first_of(" \t\n'\"") == std::string::npos && !word.empty();
    text += (text.empty() ? "" : " ") + (plain ? word : "'" + word + "'");
  }
  return text;
}

// One line for each thing that the run has otherwise than its checkpoint.
void announce_changes(const Startup& started, const RunOrigin& origin) {
  const ResumePoint& point = started.resume;
  const bool samples = started.source->target_shape().rank() == 0;
  for (const std::string& line :
       {point.config ? changed_settings(*point.config, point.position.microbatches, started.config,
                                        started.model->microbatches)
                     : "",
        point.curve,
        point.config ? changed_learning_rate(*point.config, started.config, point.position.step)
                     : "",
        changed_data(point.position.origin, origin),
        validated_training(point.position.origin, origin, samples ? "samples" : "tokens"),
        point.config
            ? redrawn_validation(*point.config, started.config, point.position.origin, origin)
            : ""}) {
    if (!line.empty()) spdlog::warn("{}", line);
  }
}

void announce_resume(const MpiSession& session, const RunOptions& options, const Startup& started,
                     const RunOrigin& origin) {
  const ResumePoint& point = started.resume;
  if (session.rank() != 0 || !options.resume.asked) return;
  for (const std::string& why : point.refused) spdlog::warn("not resumed from: {}", why);
  if (point.folder.empty()) {
    spdlog::info("no checkpoint to resume from yet: starting from the beginning");
  } else {
    spdlog::info("resuming from {}, after step {}", point.folder, point.position.step);
    announce_changes(started, origin);
  }
}

// One Trainer after the other, on a model made anew, until the run is over: a run that is cut anew
// goes on with the next one. False if it was stopped on request.
bool train_on(const MpiSession& session, ErrorReport& report, Startup& started,
              RunDirectory* directory, TrainerOptions how, const std::function<void()>& loaded) {
  while (true) {
    {
      MpiLinks mpi(session, started.grid, started.model->stage_numbers(), started.wait,
                   started.model->copies());
      how.times = std::exchange(started.times, {});
      how.times.end("communicators");
      Trainer trainer(started.config, started.world, started.source.get(), directory,
                      *started.model, mpi.links(), mpi.pool(), how);
      report.agree([&] { trainer.load(); });
      if (!how.recut) loaded();
      const bool done = trainer.run();
      if (!trainer.recut()) return done;
      how.recut = trainer.recut();
    }
    how.resume_from = how.recut->checkpoint;
    how.trace = false;  // written before
    how.begun = [] {};  // once for the run
    started.times = {};
    report.agree([&] { started.model = model_anew(started); });
  }
}

// Every rank writes checkpoints, so each must see the run directory that rank 0 has made.
void require_shared(const Startup& started) {
  const std::string& output = started.config.train.output;
  const World& world = started.world;
  if (world.rank == 0 || await_name(output + "/.lock")) return;
  throw Error(ExitCode::kConfiguration,
              output + ": rank " + std::to_string(world.rank) + " on " +
                  world.places[static_cast<std::size_t>(world.rank)].host +
                  " does not see this run directory, which rank 0 has made; set train.output to a "
                  "folder that all hosts share");
}

int train(const MpiSession& session, ErrorReport& report, const TrainOptions& options) {
  std::unique_ptr<RunDirectory> directory;  // on rank 0
  // Again: MPICH takes SIGUSR1 for news of lost ranks.
  catch_stop_signals();
  Startup started = start(session, report, options, [&](const Config& config) {
    directory = std::make_unique<RunDirectory>(config);
  });
  report.agree([&] { require_shared(started); });
  const FileMark lock(started.config.train.output + "/.lock");
  const auto in_place = [lock] { return lock.in_place(); };
  report.use_file(started.config.train.output + "/error.txt", in_place);
  RunOrigin origin;
  report.agree([&] {
    if (!started.source) return;
    origin = run_origin(started.config, *started.source, started.world,
                        "pipetrain " PIPETRAIN_VERSION, command_line());
  });
  started.times.end("hashes of data");
  const std::string output = started.config.train.output;
  const bool reports = started.config.train.reports() || options.live;
  bool begun = false;
  const auto page = std::make_shared<RunReport>(output, in_place);
  const bool done = train_on(
      session, report, started, directory.get(),
      {.progress = options.progress,
       .trace = options.trace,
       .rebalance = options.rebalance,
       .resume_from = started.resume.folder,
       .origin = origin,
       .program = {.versions = {{"MPI", mpi_library()}}, .bindings = started.threads.bindings},
       .begun =
           [&] {
             begun = true;
             if (reports && session.rank() == 0) page->watch_stop();
             report.after_failure([=](int code, const std::string& text) {
               if (!in_place()) return;  // else it would be said of another run
               record_failure(output, code, text);
               if (reports) page->leave();
             });
           },
       .line_written =
           [&] {
             if (options.live) page->line_written();
           }},
      [&] {
        log_oddities(started);
        const std::string left_out = session.size() == 1 ? tasks_not_started() : "";
        if (!left_out.empty()) spdlog::warn("{}", left_out);
        announce_resume(session, options, started, origin);
      });
  if (begun && reports && session.rank() == 0) page->leave();
  return static_cast<int>(done ? ExitCode::kDone : ExitCode::kStopped);
}

void add_resume(CLI::App& command, TrainOptions& options) {
  command
      .add_option_function<std::vector<std::string>>(
          "--resume",
          [&options](const std::vector<std::string>& words) {
            options.resume.asked = true;
            if (!words.empty()) options.resume.folder = words.front();
          },
          "go on from this checkpoint; default: the newest good one of the run directory")
      ->expected(0, 1)
      ->type_name("[DIR]");
}

}  // namespace

Command add_train_command(CLI::App& command) {
  const auto options = std::make_shared<TrainOptions>();
  add_run_options(command, *options);
  add_bind_option(command, options->bind);
  add_short(command, *options, "--output", "DIR", "train.output",
            "run directory; default: runs/ and the configuration's name");
  add_resume(command, *options);
  command.add_flag(
      "--trace", options->trace,
      "write what every rank did in ten steps, after the first two, into the run directory's "
      "trace.json");
  command.add_flag("--rebalance", options->rebalance,
                   "where a rank becomes slower or faster than the others, cut the model anew at "
                   "the next checkpoint");
  command.add_flag("--live", options->live,
                   "write report.html anew every ten seconds while the run goes on");
  may_differ(
      command.add_flag("!--no-progress", options->progress, "no progress bar on a terminal"));
  return {
      .usage = "[mpirun -np RANKS] pipetrain [train] --config FILE [OPTION]...",
      .check =
          [options] {
            catch_stop_signals();  // one that comes while MPI starts is met by the first step
            ignore_closed_pipes();
            require_config(*options, "train");
          },
      .run_on_ranks = [options](const MpiSession& session,
                                ErrorReport& report) { return train(session, report, *options); }};
}

}  // namespace pipetrain
