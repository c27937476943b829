#include <iterator>
#include <vector>

#include "command.h"

namespace pipetrain {

// Each is in NAME_command.cpp.
AddCommand add_train_command, add_schedule_command, add_emulate_command, add_timeline_command,
    add_plan_command, add_describe_command, add_bench_command, add_eval_command, add_doctor_command,
    add_generate_command, add_tokenize_command, add_tokenizer_command, add_export_command,
    add_import_command, add_report_command, add_watch_command, add_help_command;

namespace {

struct CommandRow {
  const char* name;
  const char* sentence;
  AddCommand* add;
};

// clang-format off
constexpr CommandRow kCommands[] = {
    {"train", "Train a model; the default, so the word can be left out.", add_train_command},
    {"schedule", "Draw, print, simulate or check a pipeline schedule.", add_schedule_command},
    {"emulate", "Measure a schedule with stages that wait, on more ranks than cores.",
     add_emulate_command},
    {"timeline", "Draw a step of a run with --trace above what the simulator predicts for it.",
     add_timeline_command},
    {"report", "Write a page with curves, a timeline, memory and settings of one run or several.",
     add_report_command},
    {"watch", "Serve a run's page while it goes on, or show the run in a terminal.",
     add_watch_command},
    {"plan", "Find the fastest schedule that fits into memory, from measured layers.",
     add_plan_command},
    {"describe", "Print a model's layers, their sizes and stages.", add_describe_command},
    {"bench", "Time training steps against the machine's best matrix product.", add_bench_command},
    {"doctor", "Check the hosts that mpirun started ranks on, and say what will hurt a run.",
     add_doctor_command},
    {"eval", "Evaluate a checkpoint on the validation data, forward only.", add_eval_command},
    {"generate", "Continue a text with a model from a checkpoint.", add_generate_command},
    {"tokenize", "Make a file of tokens from documents, or show the tokens of a text.",
     add_tokenize_command},
    {"tokenizer", "Train a tokenizer (byte-level BPE) on files of text.", add_tokenizer_command},
    {"export", "Write a checkpoint's weights for other programs.", add_export_command},
    {"import", "Make a starting checkpoint of a Hugging Face model, or an export.",
     add_import_command},
    {"help", "Print a table: keys, layers, presets, schedules, ...", add_help_command},
};
// clang-format on

}  // namespace

std::vector<Command> add_all_commands(CLI::App& app) {
  std::vector<Command> commands;
  commands.reserve(std::size(kCommands));
  for (const CommandRow& row : kCommands) {
    CLI::App* options = app.add_subcommand(row.name, row.sentence);
    commands.push_back(row.add(*options));
    commands.back().options = options;
  }
  return commands;
}

}  // namespace pipetrain
