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
  CLI::App* options = nullptr;          // its subcommand, owned by the program's CLI::App
  std::string usage = {};               // "pipetrain schedule --name NAME [OPTION]..."
  std::function<void()> check = [] {};  // after parsing: Error(kConfiguration) if words are missing
  // One of the two. Without MPI, or on every rank that mpirun started. The exit code.
  std::function<int()> run = {};
  std::function<int(const MpiSession&, ErrorReport&)> run_on_ranks = {};
  bool measures = false;  // computes without ranks
  bool computes() const { return measures || run_on_ranks; }
};

// Adds a command's options to its subcommand, which has its name and sentence already. One for each
// command, in NAME_command.cpp.
using AddCommand = Command(CLI::App& command);

// All commands of the table in commands.cpp, in the order in which help lists them.
std::vector<Command> add_all_commands(CLI::App& app);

}  // namespace pipetrain
