#include "nn/option_writer.h"

#include <vector>

namespace pipetrain {

void OptionWriter::set(const std::string& name, const std::string& value) {
  std::erase_if(entry_.options, [&](const auto& option) { return option.first == name; });
  entry_.options.emplace_back(name, value);
  changed_ = true;
}

}  // namespace pipetrain
