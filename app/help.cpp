#include "help.h"

namespace pipetrain {

std::string Help::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  std::string text = app->get_description() + "\n\n";
  if (app->get_parent() != nullptr) {
    return text + "usage: " + usages_.at(app) + "\n" + make_groups(app, CLI::AppFormatMode::Normal);
  }
  text += "usage: [mpirun -np RANKS] pipetrain [COMMAND] --config FILE [OPTION]...\n";
  text += "       pipetrain COMMAND --help\n\nCommands:\n";
  for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) {
    text += make_subcommand(command);
  }
  return text + make_groups(app->get_subcommand(shown_), CLI::AppFormatMode::Sub) +
         make_groups(app, CLI::AppFormatMode::Normal) + app->get_footer();
}

}  // namespace pipetrain
