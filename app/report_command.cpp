#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/output.h"
#include "command.h"
#include "replaceable.h"
#include "report/run_page.h"
#include "usage_error.h"

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

// A run directory holds pages beside the run's own files, whose names the page must not take even
// where a run has not written them.
void require_page_name(const ReportOptions& options) {
  namespace fs = std::filesystem;
  require_replaceable("--output", options.output, "a page of pipetrain report", is_report_page);
  const fs::path output = options.output;
  if (output.extension() == ".html") return;
  std::error_code unknown;
  for (const std::string& folder : options.run_directories) {
    if (!fs::equivalent(folder, fs::absolute(output).parent_path(), unknown)) continue;
    throw Error(ExitCode::kConfiguration, "--output " + options.output +
                                              " is in the run directory, where a page's name ends "
                                              "in .html; name another file");
  }
}

int report(const ReportOptions& options) {
  if (!options.output.empty()) require_page_name(options);
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
          .check = [options] { require(!options->run_directories.empty(), "RUN_DIR", "report"); },
          .run = [options] { return report(*options); }};
}

}  // namespace pipetrain
