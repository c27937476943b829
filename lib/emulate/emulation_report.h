// What an emulation says of itself: JSON for programs, text for people. It must not know how it was
// measured.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "emulate/emulate.h"

namespace pipetrain {

nlohmann::ordered_json emulation_json(const std::string& name, const Schedule& schedule,
                                      const Costs& costs, const EmulationOptions& options,
                                      const Emulation& emulation);

// Of one schedule.
std::string emulation_text(const nlohmann::ordered_json& emulation);
// The lines of a table of several.
std::string emulation_table_head(const nlohmann::ordered_json& first);
std::string emulation_table_row(const nlohmann::ordered_json& emulation);

}  // namespace pipetrain
