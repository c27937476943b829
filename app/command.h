// A command of the program: what it takes from the command line and what it does. main() parses,
// reports errors and starts MPI where a command needs it; it must not know what a command means.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "comm/mpi/error_report.h"
#include "comm/mpi/session.h"

namespace pipetrain {

struct Command {
  CLI::App* options = nullptr;          // its subcommand; owned by the program's CLI::App
  std::string usage = {};               // "pipetrain schedule --name NAME [OPTION]..."
  std::function<void()> check = [] {};  // after parsing: Error(kConfiguration) if words are missing
  // One of the two. Without MPI, or on every rank that mpirun started. The exit code.
  std::function<int()> run = {};
  std::function<int(const MpiSession&, ErrorReport&)> run_on_ranks = {};
  bool measures = false;  // computes without ranks
  bool computes() const { return measures || run_on_ranks; }
};

// One function per command, in NAME_command.cpp; each adds its subcommand to `app`.
Command add_train_command(CLI::App& app);
Command add_schedule_command(CLI::App& app);
Command add_emulate_command(CLI::App& app);
Command add_timeline_command(CLI::App& app);
Command add_plan_command(CLI::App& app);
Command add_describe_command(CLI::App& app);
Command add_bench_command(CLI::App& app);
Command add_eval_command(CLI::App& app);
Command add_generate_command(CLI::App& app);
Command add_export_command(CLI::App& app);
Command add_import_command(CLI::App& app);

// --format NAME, one of `names`; the first is the default.
void add_format_option(CLI::App& command, std::string& format,
                       const std::vector<std::string>& names);

}  // namespace pipetrain
