// How the options of a run (setup/startup.h) are written on the command line. It must not know what
// is done with them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "setup/startup.h"

namespace pipetrain {

// Adds --config, --set and --log-level to `command`.
void add_config_options(CLI::App& command, RunOptions& options);
// Adds those, and the short flags of the pipeline.
void add_run_options(CLI::App& command, RunOptions& options);

// Adds --log-level, which holds from then on.
void add_log_level(CLI::App& command);

// Adds --bind, for a command whose ranks compute.
void add_bind_option(CLI::App& command, Binding& bind);

// A flag that is another name for `--set key=value`.
void add_short(CLI::App& command, RunOptions& options, const std::string& flag,
               const std::string& placeholder, const std::string& key, const std::string& help);

// Error(kConfiguration) unless --config was given.
void require_config(const RunOptions& options, const std::string& command);

}  // namespace pipetrain
