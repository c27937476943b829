#include "schedule/generate.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/suggest.h"
#include "schedule/generators.h"

namespace pipetrain {
namespace {

// What a schedule demands of its sizes. A generator returns a schedule for all sizes that meet it.
struct Kind {
  std::string_view name;
  Schedule (*generate)(int ranks, int virtual_stages, int microbatches);
  int default_virtual_stages;
  bool any_virtual_stages;  // else the default alone
};

constexpr std::array<Kind, 2> kKinds{{
    {"gpipe", generators::gpipe, 1, false},
    {"1f1b", generators::one_forward_one_backward, 1, false},
}};

const Kind& kind_of(std::string_view name) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& kind) { return kind.name == name; });
  if (found != kKinds.end()) return *found;
  throw Error(ExitCode::kConfiguration, "unknown schedule '" + std::string(name) +
                                            "'; expected one of " + join(schedule_names()) +
                                            "; did you mean " +
                                            nearest_word(name, schedule_names()) + "?");
}

void check_sizes(const Kind& kind, int ranks, int virtual_stages, int microbatches) {
  const std::string name = "schedule " + std::string(kind.name);
  if (ranks < 1 || virtual_stages < 1 || microbatches < 1) {
    throw Error(ExitCode::kConfiguration,
                name + ": found " + std::to_string(ranks) + " ranks, " +
                    std::to_string(virtual_stages) + " virtual stages and " +
                    std::to_string(microbatches) + " microbatches; expected at least one of each");
  }
  if (!kind.any_virtual_stages && virtual_stages != kind.default_virtual_stages) {
    throw Error(ExitCode::kConfiguration,
                name + " has " + std::to_string(kind.default_virtual_stages) +
                    " virtual stage(s) per rank, found " + std::to_string(virtual_stages) +
                    "; leave --virtual-stages out, or take " +
                    (kind.default_virtual_stages == 1 ? "interleaved" : "interleaved-zb"));
  }
}

}  // namespace

const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Kind& kind : kKinds) all.emplace_back(kind.name);
    return all;
  }();
  return names;
}

int default_virtual_stages(std::string_view name) { return kind_of(name).default_virtual_stages; }

Schedule generate(std::string_view name, int ranks, int virtual_stages, int microbatches) {
  const Kind& kind = kind_of(name);
  check_sizes(kind, ranks, virtual_stages, microbatches);
  return kind.generate(ranks, virtual_stages, microbatches);
}

}  // namespace pipetrain
