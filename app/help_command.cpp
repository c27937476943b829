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
  std::string (*text)(const std::vector<CommandWords>& commands);
};

constexpr HelpFile kHelpFiles[] = {
    {"completion-bash", "for ~/.local/share/bash-completion/completions/pipetrain",
     bash_completion},
    {"completion-zsh", "for a file _pipetrain in a folder of $fpath", zsh_completion},
    {"completion-fish", "for ~/.config/fish/completions/pipetrain.fish", fish_completion},
    {"man-page", "pipetrain(1): pipetrain help man-page | man -l -", program_man_page},
    {"man-config", "pipetrain-CONFIG(5), the keys of a configuration",
     [](const std::vector<CommandWords>&) { return config_man_page(); }},
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

std::string text_of(const std::string& topic, const CLI::App& program) {
  if (topic.empty()) {
    return "pipetrain help TOPIC prints one of these tables:\n" + list_of(help_topics(), 12) +
           "and what shells complete words with, and pages for man:\n" + list_of(kHelpFiles, 17);
  }
  if (const HelpTopic* table = find_row(help_topics(), topic)) return table->text();
  return find_row(kHelpFiles, topic)->text(program_words(program));
}

void check(const std::string& topic) {
  const bool known = topic.empty() || find_row(help_topics(), topic) != nullptr ||
                     find_row(kHelpFiles, topic) != nullptr;
  if (known) return;
  throw Error(ExitCode::kConfiguration, "unknown topic '" + topic + "'; expected one of " +
                                            join(names_of(help_topics())) + ", " +
                                            join(names_of(kHelpFiles)));
}

}  // namespace

Command add_help_command(CLI::App& command) {
  const auto topic = std::make_shared<std::string>();
  command.add_option("topic", *topic, "which table; without it, a list of all")
      ->option_text("TOPIC");
  return {.usage = "pipetrain help [TOPIC]",
          .check = [topic] { check(*topic); },
          .run =
              [topic, &command] {
                write_output(text_of(*topic, *command.get_parent()));
                return 0;
              }};
}

}  // namespace pipetrain
