// Finds ranks that were started with another version, command or configuration than the rest:
// messages of different sizes would follow, which MPI need not survive. It must not know what the
// options and keys mean.
#pragma once

#include <string>

#include "comm/collective.h"
#include "config/config.h"

namespace pipetrain {

// What all ranks must have alike is a text in YAML, one line for each thing: the running program,
std::string program_lines();
// and what a configuration comes to, with the digest of a schedule's table, which every rank reads
// for itself.
std::string configuration_lines(const Config& config);

// Collective. Empty if all ranks have these lines alike, else which ranks do not, and the first
// thing in which they differ: the same text on every rank.
std::string difference_at_start(const std::string& lines, Collective& world);

// Collective. Leaves with Error(kConfiguration), as agree() does, if there is such a difference.
void require_same_start(const std::string& lines, Collective& world);

}  // namespace pipetrain
