#include "schedule/draw/text_scale.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>
#include <vector>

#include "schedule/simulate/figures.h"

namespace pipetrain {
namespace {

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The duration that should hold a label; 0 if nothing takes time.
double labelled_duration(const Timeline& timeline) {
  constexpr double kMuchShorter = 10;  // than the median action: drawn if there is room
  std::vector<double> all;
  std::map<std::pair<Op, int>, std::vector<double>> kinds;  // per op and stage
  for (const auto& spans : timeline.ranks) {
    for (const Span& span : spans) {
      if (!is_drawn(span) || span.end <= span.start) continue;
      all.push_back(span.end - span.start);
      kinds[{span.action.op, span.action.stage}].push_back(span.end - span.start);
    }
  }
  if (all.empty()) return 0;
  const double middle = median(all);
  double shortest = middle;
  for (auto& [kind, durations] : kinds) {
    const double usual = median(durations);
    if (usual * kMuchShorter >= middle) shortest = std::min(shortest, usual);
  }
  return shortest;
}

}  // namespace

bool is_drawn(const Span& span) { return !span.waiting && is_compute(span.action.op); }

std::string label_of(const Action& action, int rank, const StagePlaces& places) {
  std::string text = text_of(action);
  if (places.most() > 2 && !is_of_piece(action.op)) return text;
  text.erase(0, text.find_first_not_of("0123456789"));
  if (is_of_piece(action.op)) return text;
  if (places.of(rank, action.stage) > 0) text[0] = static_cast<char>(std::tolower(text[0]));
  return text;
}

std::size_t label_width_of(const Timeline& timeline) {
  const StagePlaces places(timeline);
  std::size_t width = 1;
  for (std::size_t rank = 0; rank < timeline.ranks.size(); ++rank) {
    for (const Span& span : timeline.ranks[rank]) {
      if (!is_compute(span.action.op)) continue;
      width = std::max(width, label_of(span.action, static_cast<int>(rank), places).size());
    }
  }
  return places.most() > 2 ? width + 1 : width;  // "0F0 0F1": digits do not touch
}

double columns_per_time(const Timeline& timeline, std::size_t label_width) {
  constexpr std::size_t kMostPerAction = 16;  // labels across the drawing
  const double duration = labelled_duration(timeline);
  if (duration <= 0) return 1;
  std::size_t most = 0;  // actions of a rank
  for (const auto& spans : timeline.ranks) most = std::max(most, spans.size());
  const double label = static_cast<double>(label_width);
  const std::size_t in_a_row = most + 3 * timeline.ranks.size();  // a chain through all ranks, say
  return std::min(label / duration,
                  label * static_cast<double>(kMostPerAction * in_a_row) / timeline.makespan());
}

}  // namespace pipetrain
