#include "schedule/simulate/figures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <set>

namespace pipetrain {

double first_start(const Timeline& timeline) {
  double first = std::numeric_limits<double>::max();
  for (const auto& spans : timeline.ranks) {
    if (!spans.empty()) first = std::min(first, spans.front().start);
  }
  return first == std::numeric_limits<double>::max() ? 0 : first;
}

bool has_backward(const Timeline& timeline) {
  for (const auto& spans : timeline.ranks) {
    for (const Span& span : spans) {
      if (!span.waiting && sends_gradient(span.action.op)) return true;
    }
  }
  return false;
}

Phases phases_of(const Timeline& timeline, int rank) {
  double first_backward = std::numeric_limits<double>::max(), last_forward = 0;
  for (const Span& span : timeline.ranks[static_cast<std::size_t>(rank)]) {
    if (span.waiting) continue;
    if (span.action.op == Op::kForward) last_forward = std::max(last_forward, span.end);
    if (sends_gradient(span.action.op)) first_backward = std::min(first_backward, span.start);
  }
  return {std::min(first_backward, last_forward), last_forward};
}

StagePlaces::StagePlaces(const Timeline& timeline) {
  for (const auto& spans : timeline.ranks) {
    std::set<int> own;
    for (const Span& span : spans) {
      if (!is_of_piece(span.action.op)) own.insert(span.action.stage);
    }
    stages_.emplace_back(own.begin(), own.end());
    most_ = std::max(most_, static_cast<int>(own.size()));
  }
}

int StagePlaces::of(int rank, int stage) const {
  const std::vector<int>& own = stages_[static_cast<std::size_t>(rank)];
  return static_cast<int>(std::lower_bound(own.begin(), own.end(), stage) - own.begin());
}

int microbatches_of(const Timeline& timeline) {
  int last = 0;
  for (const auto& spans : timeline.ranks) {
    for (const Span& span : spans) last = std::max(last, span.action.microbatch);
  }
  return last + 1;
}

std::string short_number(double value) {
  std::array<char, 32> text{};
  const int digits = std::abs(value) >= 1000 ? 6 : 4;
  std::snprintf(text.data(), text.size(), "%.*g", digits, value);
  return text.data();
}

double round_step(double range, int most_steps) {
  if (range <= 0) return 1;
  const double least = range / most_steps;
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least) return factor * power;
  }
  return 10 * power;
}

std::string headline(const Timeline& timeline, const std::string& time_unit) {
  std::array<char, 32> percent{};
  std::snprintf(percent.data(), percent.size(), "%.1f%%", 100 * timeline.bubble_fraction());
  return "makespan " + short_number(timeline.makespan()) +
         (time_unit.empty() ? "" : " " + time_unit) + ", bubble " + percent.data();
}

}  // namespace pipetrain
