#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/output.h"
#include "command.h"
#include "report/run_page.h"

namespace pipetrain {
namespace {

struct ReportOptions {
  std::vector<std::string> run_directories;
  std::string output;
};

// Where one run's page is written by the run itself; that of several runs has no folder of its own.
std::string output_of(const ReportOptions& options) {
  if (!options.output.empty()) return options.output;
  return options.run_directories.size() == 1 ? options.run_directories.front() + "/report.html"
                                             : "report.html";
}

int report(const ReportOptions& options) {
  const std::string page = report_page(report_data(options.run_directories, PageUpdates::kNone));
  const std::string path = output_of(options);
  if (!write_renamed(path, page)) {
    throw Error(ExitCode::kConfiguration,
                "cannot write " + system_reason(path) + "; choose another --output");
  }
  spdlog::info("{}: {} kB, for any browser", path, page.size() / 1000);
  return 0;
}

}  // namespace

Command add_report_command(CLI::App& command) {
  const auto options = std::make_shared<ReportOptions>();
  command.add_option("RUN_DIR", options->run_directories,
                     "run directories; several are laid over each other; required");
  command
      .add_option("--output", options->output,
                  "the page; default: report.html in the run directory, of several runs here")
      ->option_text("FILE.html");
  return {.usage = "pipetrain report RUN_DIR... [OPTION]...",
          .check =
              [options] {
                if (options->run_directories.empty()) {
                  throw Error(ExitCode::kConfiguration,
                              "RUN_DIR is missing; see pipetrain report --help");
                }
              },
          .run = [options] { return report(*options); }};
}

}  // namespace pipetrain
