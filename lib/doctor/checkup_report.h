// What is known of a cluster's ranks, as a table for people and as JSON. Text only; it must not
// know where it is printed.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "doctor/checkup.h"
#include "doctor/findings.h"

namespace pipetrain {

// A line for each rank, then what was found, with what to do.
std::string checkup_text(std::span<const Checkup> ranks, std::span<const Finding> findings);

// {"ranks": [...], "findings": [{"name", "what", "cure"}]}
nlohmann::ordered_json checkup_json(std::span<const Checkup> ranks,
                                    std::span<const Finding> findings);

}  // namespace pipetrain
