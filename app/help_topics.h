// What `pipetrain help TOPIC` prints: the tables that the program runs by, in Markdown. It must not
// know what is in their rows but how a row reads.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pipetrain {

struct HelpTopic {
  std::string_view name;
  const char* description;
  std::string (*text)();
};

std::span<const HelpTopic> help_topics();

}  // namespace pipetrain
