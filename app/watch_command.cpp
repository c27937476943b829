#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/output.h"
#include "base/stop_request.h"
#include "command.h"
#include "full_screen.h"
#include "number_option.h"
#include "page_server.h"
#include "report/run_data.h"
#include "report/run_page.h"
#include "report/text_view.h"
#include "usage_error.h"

namespace pipetrain {
namespace {

struct WatchOptions {
  std::string run_directory;
  int port = 8080;
  bool text = false;
};

constexpr Bounds<int> kPorts{.low = 0, .high = 65535};
constexpr double kLookSeconds = 1;

std::string host_name() {
  std::array<char, 256> name = {};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "HOST";
}

int serve(const std::string& folder, int port) {
  const auto data = [folder] { return report_data({folder}, PageUpdates::kEvents); };
  data();  // what is wrong with it is said at once
  PageServer server({.stamp = [folder] { return run_data_stamp(folder); },
                     .data =
                         [data] {
                           return data().dump(-1, ' ', false,
                                              nlohmann::ordered_json::error_handler_t::replace);
                         },
                     .page = [data] { return report_page(data()); }},
                    port);
  write_output(fmt::format(
      "watching {0} at http://127.0.0.1:{1}/ until Ctrl-C\n"
      "from your own machine: ssh -N -L {1}:127.0.0.1:{1} {2}, then open http://127.0.0.1:{1}/\n",
      folder, server.port(), host_name()));
  server.serve(stop_requested);
  return 0;
}

std::vector<std::string> view_of(const std::string& folder, const TextSize& size) {
  return text_view(run_data(folder), size);
}

// Where output goes to a file or a pipe: the view as it is now.
int show_once(const std::string& folder) {
  std::string text;
  for (const std::string& line : view_of(folder, {100, 50})) text += line + "\n";
  write_output(text);
  return 0;
}

int show_run(const std::string& folder) {
  std::vector<std::string> lines = view_of(folder, {});  // what is wrong is said at once
  const FullScreen screen;
  while (!stop_requested()) {
    const FullScreen::Size size = FullScreen::size();
    try {
      lines = view_of(folder, {size.columns, size.lines - 1});
    } catch (const Error&) {  // a file is just being written: what was there stays
    }
    lines.emplace_back("q: leave");
    if (!screen.show(lines) || screen.key(kLookSeconds) == 'q') break;
    lines.pop_back();
  }
  return 0;
}

int watch(const WatchOptions& options) {
  if (!options.text) return serve(options.run_directory, options.port);
  return ::isatty(STDOUT_FILENO) == 1 ? show_run(options.run_directory)
                                      : show_once(options.run_directory);
}

}  // namespace

Command add_watch_command(CLI::App& command) {
  const auto options = std::make_shared<WatchOptions>();
  command.add_option("RUN_DIR", options->run_directory,
                     "a run directory, of a run that goes on or is over; required");
  add_number(command, "--port", options->port, "N", kPorts,
             "the page is at http://127.0.0.1:N/; 0: any port that is free; default: 8080");
  command.add_flag("--text", options->text, "show the run in this terminal, and no page");
  return {.usage = "pipetrain watch RUN_DIR [OPTION]...",
          .check =
              [options] {
                catch_stop_signals();
                require(!options->run_directory.empty(), "RUN_DIR", "watch");
              },
          .run = [options] { return watch(*options); }};
}

}  // namespace pipetrain
