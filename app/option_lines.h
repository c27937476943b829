// What all ranks must have been given alike on the command line. It must not know what it means.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace pipetrain {

// Marks an option that may differ from rank to rank: what it comes to is compared with the rest of
// the configuration, or is one rank's own affair.
CLI::Option* may_differ(CLI::Option* option, bool may = true);

// Of a parsed command: its name, and for each option that is not so marked a digest of its words.
// One line each, in YAML.
std::string option_lines(const CLI::App& command);

}  // namespace pipetrain
