#include "report/step_drawing.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "schedule/trace/chrome_trace.h"
#include "schedule/trace/measured_step.h"

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

// The names by which a page knows actions.
const char* kind_of(const Action& action) {
  switch (action.op) {
    case Op::kForward: return "F";
    case Op::kBackwardInput: return "I";
    case Op::kBackwardWeight: return "W";
    case Op::kBackward: return "B";
    case Op::kRecompute: return "R";
    case Op::kVocabularyForward: return "S";
    case Op::kVocabularyBackward: return "T";
    case Op::kReduceGrad: return "reduce";
    default: return "gather";
  }
}

double rounded(double value) { return std::round(value * 1e4) / 1e4; }

Json span_row(const Span& span) {
  const char* kind = kind_of(span.action);
  Json row = {span.waiting ? "wait" : kind, span.action.stage, span.action.microbatch,
              rounded(span.start), rounded(span.end)};
  if (span.waiting) row.push_back(kind);
  return row;
}

// Of one rank, in order of start.
Json track_of(const std::vector<Span>& spans, const std::vector<OtherWork>& works) {
  std::vector<std::pair<double, Json>> rows;
  for (const Span& span : spans) rows.emplace_back(span.start, span_row(span));
  for (const OtherWork& work : works) {
    rows.emplace_back(work.start, Json{work.name, -1, -1, rounded(work.start), rounded(work.end)});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Json track = Json::array();
  for (auto& row : rows) track.push_back(std::move(row.second));
  return track;
}

struct Drawn {
  Json ranks = Json::array();
  std::size_t spans = 0;
};

Drawn ranks_of(const Timeline& timeline, const std::vector<std::vector<OtherWork>>& works,
               std::size_t most_spans) {
  Drawn drawn;
  for (std::size_t r = 0; r < timeline.ranks.size(); ++r) {
    drawn.spans += timeline.ranks[r].size();
    if (drawn.spans > most_spans && r > 0) break;
    drawn.ranks.push_back(
        track_of(timeline.ranks[r], r < works.size() ? works[r] : std::vector<OtherWork>{}));
  }
  return drawn;
}

}  // namespace

Json step_drawing(const std::string& path, std::size_t most_spans) {
  const std::vector<TracedStep> steps = read_chrome_trace(path);
  const TracedStep& chosen = choose_step(steps, std::nullopt);
  const StepComparison step = compare(chosen, path);
  const std::size_t ranks = step.measured.timeline.ranks.size();
  const Drawn measured = ranks_of(step.measured.timeline, step.measured.other_work, most_spans);
  const Drawn predicted = ranks_of(step.predicted, {}, most_spans);
  std::string note;
  if (measured.ranks.size() < ranks) {
    note = "The first " + std::to_string(measured.ranks.size()) + " of " + std::to_string(ranks) +
           " ranks are drawn.";
  }
  return {
      {"unit", step.time_unit},
      {"step", chosen.step},
      {"of", steps.size()},
      {"note", note},
      {"bubble", {step.measured.timeline.bubble_fraction(), step.predicted.bubble_fraction()}},
      {"drawings",
       {{{"title", "measured"}, {"note", step.measured_note()}, {"ranks", measured.ranks}},
        {{"title", "predicted"}, {"note", step.predicted_note()}, {"ranks", predicted.ranks}}}}};
}

}  // namespace pipetrain
