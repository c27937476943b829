// The report of one or several runs as a page in one file. It must not know where it is shown.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pipetrain {

// How a page hears of what is new.
enum class PageUpdates : std::uint8_t {
  kNone,
  kReload,  // it is a file that is written anew, and reads itself again
  kEvents,  // it is served, with server-sent events at /events
};

// How the page of one run is written.
struct PageOptions {
  PageUpdates updates = PageUpdates::kNone;
  bool stopping = false;  // somebody has asked the run to stop; nothing says yet that it has
};

// What the page shows: all runs, and how it is kept up to date. Errors as run_data has them.
nlohmann::ordered_json report_data(const std::vector<std::string>& run_directories,
                                   PageUpdates updates);
std::string report_page(const nlohmann::ordered_json& data);
// Whether a file that begins so is such a page.
bool is_report_page(std::string_view beginning);

// The page of a run into its directory, as report.html. Error(kConfiguration) if it cannot be
// written, else as above.
void write_run_report(const std::string& run_directory, const PageOptions& options);

}  // namespace pipetrain
