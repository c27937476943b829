#include "schedule/generate/generate.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/suggest.h"
#include "schedule/generate/generators.h"

namespace pipetrain {
namespace {

// What a schedule demands of its sizes. A generator makes a schedule for all sizes that meet it.
enum class Demand { kAnything, kEqualRounds, kTwicePerRank };

struct Kind {
  std::string_view name;
  Schedule (*generate)(int ranks, int virtual_stages, int microbatches);
  int default_virtual_stages;
  bool any_virtual_stages;  // else the default alone
  Demand demand;
};

constexpr std::array<Kind, 10> kKinds{{
    {"gpipe", generators::gpipe, 1, false, Demand::kAnything},
    {"1f1b", generators::one_forward_one_backward, 1, false, Demand::kAnything},
    {"interleaved", generators::interleaved, 2, true, Demand::kEqualRounds},
    {"looped-bfs", generators::looped_breadth_first, 2, true, Demand::kAnything},
    {"zb-h1", generators::zb_h1, 1, false, Demand::kAnything},
    {"interleaved-zb", generators::interleaved_zero_bubble, 2, true, Demand::kEqualRounds},
    {"zbv", generators::zbv, 2, false, Demand::kAnything},
    {"dualpipev", generators::dualpipev, 2, false, Demand::kTwicePerRank},
    {"v-half", generators::v_half, 2, false, Demand::kAnything},
    {"v-min", generators::v_min, 2, false, Demand::kAnything},
}};

const Kind& kind_of(std::string_view name) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& kind) { return kind.name == name; });
  if (found != kKinds.end()) return *found;
  std::vector<std::string> known = schedule_names();
  known.emplace_back("auto");
  throw Error(ExitCode::kConfiguration,
              "unknown schedule '" + std::string(name) + "'; expected one of " + join(known) +
                  ", or a .csv file; did you mean " + nearest_word(name, known) + "?");
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
    const std::string needed = std::to_string(kind.default_virtual_stages);
    throw Error(ExitCode::kConfiguration,
                name + " has exactly " + needed + " stage(s) per rank, found " +
                    std::to_string(virtual_stages) + "; set virtual stages to " + needed +
                    ", or take interleaved, looped-bfs or interleaved-zb");
  }
  const std::string found = name + " on " + std::to_string(ranks) +
                            " ranks, found M=" + std::to_string(microbatches) + ": ";
  if (kind.demand == Demand::kTwicePerRank && microbatches < 2 * ranks) {
    throw Error(ExitCode::kConfiguration, found + "it needs two microbatches per rank; take M=" +
                                              std::to_string(2 * ranks) + " or more");
  }
  if (kind.demand == Demand::kEqualRounds && !generators::has_equal_rounds(ranks, microbatches)) {
    int below = microbatches, above = microbatches;
    while (!generators::has_equal_rounds(ranks, below)) --below;
    while (!generators::has_equal_rounds(ranks, above)) ++above;
    throw Error(ExitCode::kConfiguration,
                found + "it needs " + std::to_string(microbatches / ranks) +
                    " rounds of equal size; take M=" + std::to_string(below) +
                    " or M=" + std::to_string(above));
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

int default_virtual_stages(std::string_view name) {
  return name == "auto" ? 1 : kind_of(name).default_virtual_stages;
}

void check_action_count(std::string_view name, int ranks, int virtual_stages, int microbatches) {
  const double actions = 3.0 * ranks * virtual_stages * microbatches;
  if (actions <= static_cast<double>(kMostActions)) return;
  throw Error(ExitCode::kConfiguration,
              "schedule " + std::string(name) + ": found " + std::to_string(ranks) + " ranks x " +
                  std::to_string(virtual_stages) + " virtual stages x " +
                  std::to_string(microbatches) +
                  " microbatches; expected at most 5 million actions (F, I and W of each); take "
                  "fewer");
}

Schedule generate(std::string_view name, int ranks, int virtual_stages, int microbatches) {
  const Kind& kind = kind_of(name);
  check_sizes(kind, ranks, virtual_stages, microbatches);
  return kind.generate(ranks, virtual_stages, microbatches);
}

}  // namespace pipetrain
