#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "comm/mpi/launch.h"
#include "command.h"
#include "config/working_directory.h"
#include "doctor/checkup_report.h"
#include "doctor/examine.h"
#include "mpi_links.h"
#include "output_format.h"
#include "run_options.h"
#include "setup/threads.h"
#include "startup.h"

namespace pipetrain {
namespace {

constexpr double kTimeoutSeconds = 60;  // of a message: nobody waits for a dead link

struct DoctorOptions {
  std::string directory = ".";
  Binding bind = Binding::kCores;
  OutputFormat format = OutputFormat::kText;
};

int print(const std::vector<Checkup>& ranks, OutputFormat format) {
  const std::vector<Finding> findings = findings_of(ranks);
  write_output_through_mpirun(format == OutputFormat::kJson
                                  ? checkup_json(ranks, findings).dump(2) + "\n"
                                  : checkup_text(ranks, findings));
  return static_cast<int>(findings.empty() ? ExitCode::kDone : ExitCode::kConfiguration);
}

// The exit code is the same on every rank.
int examine_all(const MpiSession& session, ErrorReport& report, const DoctorOptions& options) {
  RankAtStart rank = rank_at_start(session, report, options.bind);
  rank.limit_waits(kTimeoutSeconds);
  log_notes({.waiting = {},
             .bindings = {},
             .warnings = settle_threads(rank.place, rank.crowded, rank.world).warnings});
  const World world = learn_world(rank.place, rank.world);
  MpiLinks mpi(session, Grid(session.size(), 1, 1, session.size()), StageNumbers{session.size()},
               {.timeout_seconds = kTimeoutSeconds, .oversubscribed = session.oversubscribed()});
  Ops ops(mpi.pool());
  std::filesystem::path directory;
  report.agree([&] { directory = from_working_directory(options.directory); });
  const Checkup mine =
      examine({.mpi = mpi_library(), .directory = directory}, world, mpi.links(), mpi.pool(), ops);
  std::vector<Checkup> ranks;
  for (const std::string& text : report.world().all_gather_text(json_of(mine).dump())) {
    ranks.push_back(checkup_of(nlohmann::json::parse(text)));
  }
  int code = 0;
  report.agree([&] {
    if (session.rank() == 0) code = print(ranks, options.format);
  });
  report.world().broadcast(std::as_writable_bytes(std::span(&code, 1)), 0);
  return code;
}

}  // namespace

Command add_doctor_command(CLI::App& command) {
  const auto options = std::make_shared<DoctorOptions>();
  command
      .add_option(
          "--directory", options->directory,
          "a folder for runs and checkpoints, which all hosts should see; default: this one")
      ->option_text("DIR");
  add_bind_option(command, options->bind);
  add_format_option(command, options->format, {OutputFormat::kText, OutputFormat::kJson});
  add_log_level(command);
  return {.usage = "mpirun -np RANKS pipetrain doctor [OPTION]...",
          .run_on_ranks = [options](const MpiSession& session, ErrorReport& report) {
            return examine_all(session, report, *options);
          }};
}

}  // namespace pipetrain
