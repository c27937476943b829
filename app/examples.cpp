#include "examples.h"

#include <string_view>

#include "base/error.h"
#include "base/suggest.h"

namespace pipetrain {
namespace {

constexpr std::string_view kEnding = ".yaml";

std::string name_of(const EmbeddedFile& file) {
  return std::string(file.name.substr(0, file.name.size() - kEnding.size()));
}

}  // namespace

std::vector<std::string> example_names() {
  std::vector<std::string> names;
  names.reserve(kExampleFiles.size());
  for (const EmbeddedFile& file : kExampleFiles) names.push_back(name_of(file));
  return names;
}

std::string example_text(const std::string& name) {
  for (const EmbeddedFile& file : kExampleFiles) {
    if (name == name_of(file) || name == file.name) return std::string(file.text);
  }
  throw Error(ExitCode::kConfiguration,
              "no example '" + name + "'; expected one of " + join(example_names()));
}

}  // namespace pipetrain
