#include "help.h"

#include <cstddef>

#include "schedule/choose/describe.h"

namespace pipetrain {

std::string Help::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  std::string text = app->get_description() + "\n\n";
  if (app->get_parent() != nullptr) {
    return text + "usage: " + usages_.at(app) + "\n" + make_positionals(app) +
           make_groups(app, CLI::AppFormatMode::Normal);
  }
  text += "usage: [mpirun -np RANKS] pipetrain [COMMAND] --config FILE [OPTION]...\n";
  text += "       pipetrain COMMAND --help\n\nCommands:\n";
  for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) {
    text += make_subcommand(command);
  }
  return text + make_groups(app->get_subcommand(shown_), CLI::AppFormatMode::Sub) +
         make_groups(app, CLI::AppFormatMode::Normal) + app->get_footer();
}

// "--no-progress{false}" is how a flag that switches off is declared.
std::string Help::make_option_name(const CLI::Option* option, bool positional) const {
  if (positional && !option->get_option_text().empty()) return option->get_option_text();
  const std::string name = CLI::Formatter::make_option_name(option, positional);
  return name.substr(0, name.find('{'));
}

// Which words are taken is said by the description or the value's name: "RULE:{flush,delay}".
std::string Help::make_option_opts(const CLI::Option* option) const {
  if (option->get_positional()) return "";
  const std::string text = CLI::Formatter::make_option_opts(option);
  return text.substr(0, text.find(":{"));
}

// In lines of a width that terminals have.
std::string Help::make_option_desc(const CLI::Option* option) const {
  constexpr std::size_t kColumns = 73;  // beside the names
  std::string text = wrapped(option->get_description(), kColumns);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace pipetrain
