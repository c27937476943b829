// Options of the commands that read a configuration, parsed. It must not know what is done with
// them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace pipetrain {

struct RunOptions {
  std::string command;
  std::string config;
  std::vector<std::string> overrides;  // "key.path=value", short flags included
  std::string log_level = "info";
  bool resumes = false;      // goes on from a checkpoint, if there is one
  std::string resume_from;   // that one; empty: the newest of the run directory
  std::string memory_limit;  // per rank, as "16GiB"; empty: what is free
  std::string own_words;  // "--steps: 5\n": the command's own options that all ranks must agree on
};

// Adds --config, --set and --log-level to `command`.
void add_config_options(CLI::App& command, RunOptions& options);
// Adds those, and the short flags of the pipeline.
void add_run_options(CLI::App& command, RunOptions& options);

// A flag that is another name for `--set key=value`.
void add_short(CLI::App& command, RunOptions& options, const std::string& flag,
               const std::string& placeholder, const std::string& key, const std::string& help);

// Error(kConfiguration) unless --config was given.
void require_config(const RunOptions& options);

}  // namespace pipetrain
