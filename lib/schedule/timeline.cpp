#include "schedule/timeline.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace pipetrain {

double Timeline::makespan() const {
  double first = std::numeric_limits<double>::max(), last = 0;
  for (const auto& spans : ranks) {
    for (const Span& span : spans) {
      first = std::min(first, span.start);
      last = std::max(last, span.end);
    }
  }
  return std::max(0.0, last - first);
}

double Timeline::busy(int rank) const {
  double sum = 0;
  for (const Span& span : ranks[static_cast<std::size_t>(rank)]) {
    if (!span.waiting && is_compute(span.action.op)) sum += span.end - span.start;
  }
  return sum;
}

double Timeline::bubble_fraction() const {
  const double whole = makespan() * static_cast<double>(ranks.size());
  if (whole <= 0) return 0;
  double sum = 0;
  for (int rank = 0; rank < static_cast<int>(ranks.size()); ++rank) sum += busy(rank);
  return 1 - sum / whole;
}

int slice_count(const Timeline& timeline) {
  int last = 0;
  for (const auto& spans : timeline.ranks) {
    for (const Span& span : spans) last = std::max(last, span.action.slice);
  }
  return last + 1;
}

}  // namespace pipetrain
