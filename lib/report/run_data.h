// Everything that a page shows of a run, read from its run directory. It must not know how it is
// shown, nor how a run comes about.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pipetrain {

// How much of a long run a page takes along; with several runs each has its share.
struct DataBudget {
  int runs = 1;
};

// {"name", "folder", "state", "record", "metrics", "step", "settings", "config", "checkpoints",
// "errors", "log"}; what is not there is null or empty. "state" is "running", "done", "stopped",
// "failed", or "lost" of a run whose end nothing says. Error(kConfiguration) if it is no run
// directory; Error(kData), in one line that names the file, for what is damaged or of a newer
// pipetrain.
nlohmann::ordered_json run_data(const std::string& run_directory, const DataBudget& budget = {});

// Changes when a file of the run directory does that run_data reads.
std::string run_data_stamp(const std::string& run_directory);

}  // namespace pipetrain
