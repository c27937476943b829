// The checkpoints of a run, as a page lists them. It must not know what is in them beyond their
// manifests.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pipetrain {

// [{"name", "step", "date", "validation_loss", "bytes", "best", "doubt"}] in order of their steps;
// of one that cannot be read "problem" says why. None without the folder.
nlohmann::ordered_json checkpoint_rows(const std::string& checkpoints);

}  // namespace pipetrain
