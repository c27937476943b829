#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/output.h"
#include "base/suggest.h"
#include "base/table.h"
#include "command.h"
#include "completion.h"
#include "help_topics.h"
#include "man_page.h"

namespace pipetrain {
namespace {

// What is made for other programs, of all commands and options.
struct HelpFile {
  const char* name;
  const char* description;
  std::string (*text)(const ProgramWords& program);
};

constexpr HelpFile kHelpFiles[] = {
    {"completion-bash", "for ~/.local/share/bash-completion/completions/pipetrain",
     bash_completion},
    {"completion-zsh", "for a file _pipetrain in a folder of $fpath", zsh_completion},
    {"completion-fish", "for ~/.config/fish/completions/pipetrain.fish", fish_completion},
    {"man-page", "pipetrain(1): pipetrain help man-page | man -l -", program_man_page},
    {"man-config", "pipetrain-CONFIG(5), the keys of a configuration",
     [](const ProgramWords&) { return config_man_page(); }},
};

template <class Rows>
std::string list_of(const Rows& rows, std::size_t width) {
  std::string text;
  for (const auto& row : rows) {
    std::string name(row.name);
    name.resize(width, ' ');
    text += "  " + name + row.description + "\n";
  }
  return text;
}

std::vector<std::string> all_topics(const CLI::App& program) {
  std::vector<std::string> topics = names_of(help_topics());
  for (const std::string& name : names_of(kHelpFiles)) topics.push_back(name);
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    topics.push_back(command->get_name());
  }
  return topics;
}

// With the topics of `help` itself, which only this file knows.
ProgramWords words_with_topics(const CLI::App& program) {
  ProgramWords words = program_words(program);
  for (CommandWords& command : words.commands) {
    for (OptionWords& option : command.options) {
      if (option.placeholder != "TOPIC") continue;
      option.words = all_topics(program);
      option.value = ValueKind::kWords;
    }
  }
  return words;
}

std::string text_of(const std::string& topic, const CLI::App& program) {
  if (topic.empty()) {
    return "pipetrain help COMMAND prints what pipetrain COMMAND --help does,\n"
           "pipetrain help TOPIC one of these tables:\n" +
           list_of(help_topics(), 12) +
           "and what shells complete words with, and pages for man:\n" + list_of(kHelpFiles, 17);
  }
  if (const HelpTopic* table = find_row(help_topics(), topic)) return table->text();
  return find_row(kHelpFiles, topic)->text(words_with_topics(program));
}

void check(const std::string& topic, const CLI::App& program) {
  if (topic.empty()) return;
  const std::vector<std::string> topics = all_topics(program);
  if (std::ranges::find(topics, topic) != topics.end()) return;
  throw Error(ExitCode::kConfiguration,
              "unknown topic '" + topic + "'; expected one of " + join(topics));
}

}  // namespace

Command add_help_command(CLI::App& command) {
  const auto topic = std::make_shared<std::string>();
  command.add_option("topic", *topic, "which table or command; without it, a list of the tables")
      ->option_text("TOPIC");
  return {.usage = "pipetrain help [TOPIC|COMMAND]",
          .check = [topic, &command] { check(*topic, *command.get_parent()); },
          .run =
              [topic, &command] {
                write_output(text_of(*topic, *command.get_parent()));
                return 0;
              }};
}

}  // namespace pipetrain
