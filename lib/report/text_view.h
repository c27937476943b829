// A run as text that fills a terminal: how far it is, its figures, its loss, its ranks, its log. It
// must not know terminals.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace pipetrain {

struct TextSize {
  int columns = 80, lines = 24;
};

// `run` as run_data gives it. No line is wider, and there are no more lines; what files have named
// moves no cursor.
std::vector<std::string> text_view(const nlohmann::ordered_json& run, const TextSize& size);

}  // namespace pipetrain
