// The commands and options of the program as plain words, for completion and manual pages. It must
// not know how these look.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace pipetrain {

// What a shell offers for an option's value.
enum class ValueKind : std::uint8_t { kNone, kText, kFile, kFolder, kWords, kKey };

struct OptionWords {
  std::string name;         // "--config"; of a positional one "RUN_DIR"
  std::string short_name;   // "-h"; empty: none
  std::string placeholder;  // "FILE"; empty: it takes no value
  std::string description;
  ValueKind value = ValueKind::kNone;
  std::vector<std::string> words;  // of kWords
  bool positional = false;
};

struct CommandWords {
  std::string name, sentence, usage;
  std::vector<OptionWords> options;
};

struct ProgramWords {
  std::vector<OptionWords> options;    // of the program itself, in place of a command
  std::vector<CommandWords> commands;  // in the order in which help lists them
};

ProgramWords program_words(const CLI::App& program);

}  // namespace pipetrain
