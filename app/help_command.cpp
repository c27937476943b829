#include <memory>
#include <string>

#include "base/error.h"
#include "base/output.h"
#include "base/suggest.h"
#include "base/table.h"
#include "command.h"
#include "help_topics.h"

namespace pipetrain {
namespace {

std::string text_of(const std::string& topic) {
  if (!topic.empty()) return find_row(help_topics(), topic)->text();
  std::string text = "pipetrain help TOPIC prints one of these tables:\n";
  for (const HelpTopic& each : help_topics()) {
    std::string name(each.name);
    name.resize(12, ' ');
    text += "  " + name + each.description + "\n";
  }
  return text;
}

void check(const std::string& topic) {
  if (topic.empty() || find_row(help_topics(), topic) != nullptr) return;
  throw Error(ExitCode::kConfiguration,
              "unknown topic '" + topic + "'; expected one of " + join(names_of(help_topics())));
}

}  // namespace

Command add_help_command(CLI::App& command) {
  const auto topic = std::make_shared<std::string>();
  command.add_option("topic", *topic, "leave it out to see which there are")->option_text("TOPIC");
  return {.usage = "pipetrain help [TOPIC]",
          .check = [topic] { check(*topic); },
          .run =
              [topic] {
                write_output(text_of(*topic));
                return 0;
              }};
}

}  // namespace pipetrain
