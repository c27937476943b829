#include "program_words.h"

#include <sstream>
#include <utility>

#include "examples.h"
#include "help.h"
#include "schedule/choose/schedule_request.h"

namespace pipetrain {
namespace {

// The last "{a,b}" of a type's name, which CLI11 makes of the words that an option is checked with.
std::vector<std::string> checked_words(const std::string& type) {
  std::vector<std::string> words;
  const auto open = type.rfind('{'), close = type.rfind('}');
  if (open == std::string::npos || close < open) return words;
  std::istringstream list(type.substr(open + 1, close - open - 1));
  for (std::string word; std::getline(list, word, ',');) words.push_back(word);
  return words;
}

std::vector<std::string> known_words(const OptionWords& option) {
  std::vector<std::string> words;
  if (option.name == "--schedule" || option.name == "--name") {
    for (const ListedSchedule& listed : listed_schedules()) words.emplace_back(listed.name);
  } else if (option.placeholder == "LEVEL") {
    words = {"trace", "debug", "info", "warning", "error", "off"};
  } else if (option.name == "--example") {
    words = example_names();
  }
  return words;
}

ValueKind kind_of(const OptionWords& option) {
  const std::string& text = option.placeholder;
  const auto has = [&](const char* part) { return text.find(part) != std::string::npos; };
  if (text.empty()) return ValueKind::kNone;
  if (!option.words.empty()) return ValueKind::kWords;
  if (text == "KEY=VALUE") return ValueKind::kKey;
  if (has("DIR") && !has("FILE")) return ValueKind::kFolder;
  if (has("FILE") || has("PATH") || has("INPUT")) return ValueKind::kFile;
  return ValueKind::kText;
}

OptionWords words_of(const CLI::Option& option) {
  OptionWords words;
  words.description = option.get_description();
  words.positional = option.get_positional() && option.get_lnames().empty();
  const bool flag = option.get_expected_max() == 0 || option.get_type_size() == 0;
  const std::string type = option.get_type_name();
  words.placeholder =
      option.get_option_text().empty() ? type.substr(0, type.find(':')) : option.get_option_text();
  if (flag) words.placeholder.clear();
  words.name =
      words.positional ? option.get_name(/*positional=*/true) : "--" + option.get_lnames().front();
  if (words.positional && words.placeholder == "TEXT") words.placeholder = words.name;
  if (words.positional) words.name = words.placeholder;
  if (!option.get_snames().empty()) words.short_name = "-" + option.get_snames().front();
  words.words = checked_words(type);
  if (words.words.empty()) words.words = known_words(words);
  words.value = kind_of(words);
  return words;
}

}  // namespace

ProgramWords program_words(const CLI::App& program) {
  const auto help = std::dynamic_pointer_cast<Help>(program.get_formatter());
  ProgramWords found;
  for (const CLI::Option* option : program.get_options()) {
    found.options.push_back(words_of(*option));
  }
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    CommandWords words{command->get_name(), command->get_description(), help->usage_of(command)};
    for (const CLI::Option* option : command->get_options()) {
      words.options.push_back(words_of(*option));
    }
    found.commands.push_back(std::move(words));
  }
  return found;
}

}  // namespace pipetrain
