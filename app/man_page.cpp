#include "man_page.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config_keys.h"

namespace pipetrain {
namespace {

// Nothing in it is a request or an escape.
std::string plain(std::string_view text) {
  std::string roff;
  for (const char c : text) {
    switch (c) {
      case '\\': roff += "\\e"; break;
      case '-': roff += "\\-"; break;
      case '\'': roff += "\\(aq"; break;
      case '`': roff += "\\(ga"; break;
      case '^': roff += "\\(ha"; break;
      case '~': roff += "\\(ti"; break;
      default: roff += c;
    }
  }
  return roff.starts_with('.') ? "\\&" + roff : roff;
}

std::string bold(std::string_view text) { return "\\fB" + plain(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + plain(text) + "\\fR"; }

// Sentences in which `code` is bold, as the tables of help have it.
std::string sentences(std::string_view markdown) {
  std::string text;
  bool inside = false;
  while (!markdown.empty()) {
    const std::size_t end = std::min(markdown.find('`'), markdown.size());
    const std::string_view part = markdown.substr(0, end);
    if (!part.empty()) text += inside ? bold(part) : plain(part);
    inside = !inside;
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
  }
  return text;
}

std::string head(const std::string& name, const std::string& section, const std::string& what) {
  return ".\\\" Made by `pipetrain help`, from the tables behind --help.\n.TH " + name + " " +
         section + " \"\" \"pipetrain " PIPETRAIN_VERSION "\" \"" + what + "\"\n";
}

std::string option_list(const std::vector<OptionWords>& options) {
  std::string text;
  for (const OptionWords& option : options) {
    text += ".TP\n";
    if (!option.short_name.empty()) text += bold(option.short_name) + ", ";
    text += option.positional ? italic(option.placeholder) : bold(option.name);
    if (!option.positional && !option.placeholder.empty()) text += " " + italic(option.placeholder);
    text += "\n" + plain(option.description) + "\n";
  }
  return text;
}

std::string command_section(const CommandWords& command) {
  return ".SS " + command.name + "\n" + plain(command.sentence) + "\n.PP\n.nf\n" +
         bold(command.usage) + "\n.fi\n" + option_list(command.options);
}

constexpr std::pair<const char*, const char*> kExitCodes[] = {
    {"0", "Done."},
    {"2",
     "The command line or the configuration is wrong, or a file of the run cannot be written."},
    {"3", "The data cannot be read."},
    {"4", "A checkpoint cannot be read or written."},
    {"5", "The loss is not finite."},
    {"6", "A message did not come in time."},
    {"75", "Stopped on request, after a checkpoint: run again with --resume to go on."},
};

constexpr std::pair<const char*, const char*> kRunFiles[] = {
    {"config.yaml", "The configuration with every key, as it was resolved."},
    {"metrics.jsonl, metrics.csv",
     "A line for every train.log_every steps: step, loss, learning rate, gradient norm, rates."},
    {"schedule.csv", "What each rank executes in a step, in order."},
    {"run.json", "The run's record: its ranks, its cut, where time and memory went, how it ended."},
    {"run.log", "What was logged."},
    {"trace.json", "With --trace: what every rank did in some steps, for https://ui.perfetto.dev."},
    {"checkpoints/", "The weights and all that is needed to go on."},
};

constexpr const char* kDescription =
    "pipetrain trains neural networks on CPUs. It cuts the model into stages, gives each MPI rank "
    "(a process) its own, and sends microbatches (slices of a step's batch) through them. The "
    "order "
    "in which each rank works is the schedule.";

}  // namespace

std::string program_man_page(const ProgramWords& program) {
  std::string text =
      head("PIPETRAIN", "1", "User Commands") +
      ".SH NAME\npipetrain \\- train neural networks on CPUs, cut into pipeline stages\n"
      ".SH SYNOPSIS\n.nf\n" +
      bold("[mpirun -np RANKS] pipetrain [COMMAND] --config FILE [OPTION]...") + "\n" +
      bold("pipetrain COMMAND --help") + "\n.fi\n.SH DESCRIPTION\n" + plain(kDescription) +
      "\n.SH OPTIONS\n" + option_list(program.options) + ".SH COMMANDS\n" + bold("train") +
      " is the command where none is named.\n";
  for (const CommandWords& command : program.commands) text += command_section(command);
  text += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : kExitCodes) {
    text += ".TP\n" + bold(code) + "\n" + plain(meaning) + "\n";
  }
  text += ".SH FILES\nIn a run directory, " + bold("train.output") + ":\n";
  for (const auto& [name, meaning] : kRunFiles) {
    text += ".TP\n" + italic(name) + "\n" + plain(meaning) + "\n";
  }
  return text + ".SH EXAMPLE\n.nf\n" + plain("pipetrain --example shakespeare > my.yaml") + "\n" +
         plain(
             "mpirun -np 4 pipetrain --config my.yaml --set "
             "data.path=corpus.txt") +
         "\n" + plain("pipetrain schedule --name zbv --ranks 4 --microbatches 8") +
         "\n.fi\n.SH SEE ALSO\n" + bold("pipetrain-CONFIG") + "(5), " + bold("mpirun") + "(1)\n";
}

std::string config_man_page() {
  std::string text =
      head("PIPETRAIN\\-CONFIG", "5", "File Formats") +
      ".SH NAME\npipetrain\\-CONFIG \\- the configuration of pipetrain\n.SH DESCRIPTION\n" +
      plain(
          "A configuration is one YAML file. Its keys stand in sections; model.depth is the key "
          "depth of the section model. An unknown key is an error that names its line and the "
          "nearest known key. Every key can be set on the command line, too: --set "
          "model.depth=4. A path in the file is relative to it.") +
      "\n";
  std::string section;
  for (const ConfigKeyRow& key : config_keys()) {
    const std::string own = key.name.substr(0, key.name.find('.'));
    if (own != section) text += ".SH " + own + "\n";
    section = own;
    text += ".TP\n" + bold(key.name) + "\n" + sentences(key.meaning) +
            "\n.br\nValues: " + sentences(key.values) + "." +
            (key.otherwise.empty() ? "" : " Default: " + sentences(key.otherwise) + ".") + "\n";
  }
  return text + ".SH EXAMPLE\n.nf\n" +
         plain(
             "model: {preset: gpt, depth: 4, heads: 4, width: 128, context: 64}\n"
             "data: {format: text, path: corpus.txt, tokenizer: byte}\n"
             "pipeline: {schedule: 1f1b, microbatches: 8}\n"
             "train: {steps: 2000, batch_size: 16, output: runs/corpus}") +
         "\n.fi\n.SH SEE ALSO\n" + bold("pipetrain") + "(1); " + bold("pipetrain help presets") +
         ", " + bold("layers") + ", " + bold("formats") + ", " + bold("schedules") +
         " print what the words stand for.\n";
}

}  // namespace pipetrain
