// The lines of metrics.jsonl as columns for plots. It must not know what is plotted.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pipetrain {

// {"step": [...], "loss": [...], ...}: a column for each key with a number in some line, null where
// a line has none; `peak_bytes` is the last line's list. Of very many lines those with a validation
// loss and, of each stretch, the first and those of the lowest and highest loss: about `most`.
// "cut_short": whether the last line has no end, as while it is written; it is left out.
// Without a file, no columns. Error(kData), with the line's number, for a line that is no such one.
nlohmann::ordered_json metrics_columns(const std::string& path, std::size_t most);

}  // namespace pipetrain
