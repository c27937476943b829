#include "completion.h"

#include <string_view>
#include <utility>
#include <vector>

#include "config/config_keys.h"

namespace pipetrain {
namespace {

constexpr const char* kMadeBy = "# Made by `pipetrain help`, from the tables behind --help.\n";

std::string joined(const std::vector<std::string>& words, const char* between = " ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::vector<std::string> key_names() {
  std::vector<std::string> names;
  for (const ConfigKeyRow& key : config_keys()) names.push_back(key.name + "=");
  return names;
}

std::vector<std::string> command_names(const std::vector<CommandWords>& commands) {
  std::vector<std::string> names;
  for (const CommandWords& command : commands) names.push_back(command.name);
  return names;
}

// The commands, and as `-` what may stand in place of one: the program's own options and those of
// train, which is the default.
std::vector<CommandWords> with_default(const ProgramWords& program) {
  std::vector<CommandWords> commands = program.commands;
  CommandWords none{.name = "-", .sentence = {}, .usage = {}, .options = program.options};
  for (const CommandWords& command : commands) {
    if (command.name != "train") continue;
    for (const OptionWords& option : command.options) {
      if (option.name != "--help") none.options.push_back(option);
    }
  }
  commands.push_back(std::move(none));
  return commands;
}

std::vector<std::string> flags_of(const OptionWords& option) {
  if (option.short_name.empty()) return {option.name};
  return {option.short_name, option.name};
}

// What stands between single quotes, with a backslash before each of `special`.
std::string in_quotes(std::string_view text, std::string_view special = "") {
  std::string inside;
  for (const char c : text) {
    if (c == '\'') {
      inside += "'\\''";
      continue;
    }
    if (special.find(c) != std::string_view::npos) inside += '\\';
    inside += c;
  }
  return "'" + inside + "'";
}

// What bash offers for a value, as a command of the function.
std::string bash_action(const OptionWords& option) {
  switch (option.value) {
    case ValueKind::kFile: return "_pipetrain_paths -f";
    case ValueKind::kFolder: return "_pipetrain_paths -d";
    case ValueKind::kKey: return "_pipetrain_keys";
    case ValueKind::kWords: {
      const bool tables = option.name == "--schedule" || option.name == "--name";
      return std::string(tables ? "_pipetrain_paths -f -W " : "_pipetrain_words ") +
             in_quotes(joined(option.words));
    }
    default: return ":";
  }
}

std::string zsh_action(const OptionWords& option) {
  switch (option.value) {
    case ValueKind::kFile: return "_files";
    case ValueKind::kFolder: return "_files -/";
    case ValueKind::kKey: return "compadd -S \"\" -- $keys";
    case ValueKind::kWords: return "(" + joined(option.words) + ")";
    default: return " ";
  }
}

// An option in the words of _arguments, for between single quotes.
std::string zsh_option(const OptionWords& option) {
  const auto escaped = [](const std::string& text) {
    const std::string all = in_quotes(text, "[]:\\");
    return all.substr(1, all.size() - 2);
  };
  const std::string value = escaped(option.placeholder) + ":" + zsh_action(option);
  if (option.positional) return "*:" + value;
  const std::string repeat = option.value == ValueKind::kKey ? "*" : "";
  const std::string flag = repeat + option.name + "[" + escaped(option.description) + "]";
  if (option.value == ValueKind::kNone) return flag;
  return flag + (option.placeholder.starts_with("[") ? "::" : ":") + value;
}

}  // namespace

std::string bash_completion(const ProgramWords& program) {
  std::string text =
      "# bash completion of pipetrain\n" + std::string(kMadeBy) +
      "_pipetrain_words() { COMPREPLY=($(compgen -W \"$1\" -- \"$current\")); }\n"
      "_pipetrain_paths() {\n"
      "  compopt -o filenames 2>/dev/null\n"
      "  mapfile -t COMPREPLY < <(compgen \"$@\" -- \"$current\")\n"
      "}\n"
      "_pipetrain_keys() {\n"
      "  compopt -o nospace 2>/dev/null\n"
      "  _pipetrain_words " +
      in_quotes(joined(key_names())) +
      "\n}\n\n_pipetrain() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local command=${COMP_WORDS[1]}\n"
      "  COMPREPLY=()\n"
      "  if [[ $COMP_CWORD -eq 1 && $current != -* ]]; then\n"
      "    _pipetrain_words " +
      in_quotes(joined(command_names(program.commands))) +
      "\n    return\n  fi\n"
      "  [[ $command == -* ]] && command=-\n"
      "  case $command:$before in\n";
  std::string options;
  for (const CommandWords& command : with_default(program)) {
    std::vector<std::string> names;
    std::string positional = ":";
    for (const OptionWords& option : command.options) {
      if (option.positional) {
        positional = bash_action(option);
        continue;
      }
      for (const std::string& flag : flags_of(option)) names.push_back(flag);
      if (option.value == ValueKind::kNone) continue;
      const bool may_be_left_out = option.placeholder.starts_with("[");
      text += "    " + command.name + ":" + option.name + ") " +
              (may_be_left_out ? "[[ $current == -* ]] || { " : "") + bash_action(option) +
              (may_be_left_out ? "; return; } ;;\n" : "; return ;;\n");
    }
    options += "    " + command.name + ") if [[ $current == -* ]]; then _pipetrain_words " +
               in_quotes(joined(names)) + "; else " + positional + "; fi ;;\n";
  }
  return text + "  esac\n  case $command in\n" + options +
         "  esac\n}\ncomplete -F _pipetrain pipetrain\n";
}

std::string zsh_completion(const ProgramWords& program) {
  std::string text = "#compdef pipetrain\n" + std::string(kMadeBy) +
                     "_pipetrain() {\n  local command=-\n  local -a commands keys\n  keys=(" +
                     joined(key_names()) + ")\n  commands=(\n";
  for (const CommandWords& command : program.commands) {
    text += "    " + in_quotes(command.name + ":" + command.sentence) + "\n";
  }
  text +=
      "  )\n"
      "  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
      "    _describe command commands\n    return\n  fi\n"
      "  if [[ $words[2] != -* ]]; then\n"
      "    command=$words[2]\n    shift words\n    (( CURRENT-- ))\n  fi\n"
      "  case $command in\n";
  for (const CommandWords& command : with_default(program)) {
    text += "    " + command.name + ") _arguments";
    for (const OptionWords& option : command.options) {
      text += " \\\n      '" + zsh_option(option) + "'";
    }
    text += " ;;\n";
  }
  return text + "  esac\n}\n_pipetrain \"$@\"\n";
}

std::string fish_completion(const ProgramWords& program) {
  std::string text = "# fish completion of pipetrain\n" + std::string(kMadeBy) +
                     "function __pipetrain_command\n"
                     "  set -l words (commandline -opc)\n"
                     "  if test (count $words) -ge 2; and not string match -q -- '-*' $words[2]\n"
                     "    echo $words[2]\n  else\n    echo -\n  end\nend\n"
                     "complete -c pipetrain -f\n";
  for (const CommandWords& command : program.commands) {
    text += "complete -c pipetrain -n 'test (count (commandline -opc)) -eq 1' -a " + command.name +
            " -d " + in_quotes(command.sentence, "\\") + "\n";
  }
  for (const CommandWords& command : with_default(program)) {
    for (const OptionWords& option : command.options) {
      std::string line =
          "complete -c pipetrain -n 'test (__pipetrain_command) = " + command.name + "'";
      if (!option.positional) line += " -l " + option.name.substr(2);
      if (!option.short_name.empty()) line += " -s " + option.short_name.substr(1);
      switch (option.value) {
        case ValueKind::kFile: line += option.positional ? " -F" : " -r -F"; break;
        case ValueKind::kFolder:
          line +=
              std::string(option.positional ? "" : " -r") + " -a '(__fish_complete_directories)'";
          break;
        case ValueKind::kKey: line += " -x -a " + in_quotes(joined(key_names())); break;
        case ValueKind::kWords:
          line += (option.positional ? " -a " : " -x -a ") + in_quotes(joined(option.words));
          break;
        case ValueKind::kText: line += option.positional ? "" : " -x"; break;
        case ValueKind::kNone: break;
      }
      text += line + " -d " + in_quotes(option.description, "\\") + "\n";
    }
  }
  return text;
}

}  // namespace pipetrain
