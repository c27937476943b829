// A measured step and the predicted one as a page draws them. It must not know how they are drawn,
// nor where the step comes from.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace pipetrain {

// Of the median step of the trace in this file, or its only one: {"unit", "step", "note",
// "drawings": [{"title", "note", "ranks": [[[kind, stage, microbatch, start, end, waits
// for]...]]}]} with times in the unit. Of very many spans only the first ranks', which `note` says.
// Error(kConfiguration, kData) as reading a trace has.
nlohmann::ordered_json step_drawing(const std::string& path, std::size_t most_spans);

}  // namespace pipetrain
