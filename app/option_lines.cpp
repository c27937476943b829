#include "option_lines.h"

#include "base/random.h"

namespace pipetrain {

// CLI11's mark of what a configuration file of its own may set; there is none here.
CLI::Option* may_differ(CLI::Option* option, bool may) { return option->configurable(!may); }

std::string option_lines(const CLI::App& command) {
  std::string lines = "command: " + command.get_name() + "\n";
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_configurable()) continue;
    std::string words;
    for (const std::string& word : option->results()) words += word + '\0';
    lines += option->get_name() + ": " + std::to_string(random_key(0, words)) + "\n";
  }
  return lines;
}

}  // namespace pipetrain
