#include "pipeline/step_figures.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <sstream>
#include <utility>

namespace pipetrain {
namespace {

// What a stage's time goes to, as StageCost has it; and that of the piece of the vocabulary that
// has its number, as PieceCost.
constexpr std::array kStageOps = {
    Op::kForward, Op::kBackwardInput,     Op::kBackwardWeight,    Op::kRecompute,
    Op::kUnshard, Op::kVocabularyForward, Op::kVocabularyBackward};

std::size_t place_of(Op op) {
  assert(std::find(kStageOps.begin(), kStageOps.end(), op) != kStageOps.end());
  return static_cast<std::size_t>(std::find(kStageOps.begin(), kStageOps.end(), op) -
                                  kStageOps.begin());
}

}  // namespace

double StepResult::bubble_fraction() const {
  const double slowest = *std::max_element(run_seconds.begin(), run_seconds.end());
  const double busy = std::accumulate(busy_seconds.begin(), busy_seconds.end(), 0.0);
  return 1 - busy / (slowest * static_cast<double>(busy_seconds.size()));
}

StepFigures::StepFigures(const FigureCounts& counts)
    : ranks_(static_cast<std::size_t>(counts.ranks)),
      busy_(kChunks + static_cast<std::size_t>(counts.chunks)),
      run_(busy_ + ranks_),
      step_(run_ + ranks_),
      peak_(step_ + ranks_),
      stages_(peak_ + ranks_),
      values_(stages_ + kStageOps.size() * static_cast<std::size_t>(counts.stages)),
      runs_(values_.size() - stages_) {}

// A rank's time, in all and in its actions, and the mean of each kind of action of each stage.
void StepFigures::add_spans(int rank, const std::vector<Span>& spans) {
  const auto r = static_cast<std::size_t>(rank);
  double end = 0;
  for (std::size_t i = 0; i < runs_.size(); ++i) values_[stages_ + i] *= runs_[i];
  for (const Span& span : spans) {
    const double seconds = span.end - span.start;
    end = std::max(end, span.end);
    if (span.waiting) continue;
    values_[busy_ + r] += seconds;
    if (is_of_embedding(span.action.op)) continue;  // it is part of no stage's time
    const std::size_t place =
        kStageOps.size() * static_cast<std::size_t>(span.action.stage) + place_of(span.action.op);
    values_[stages_ + place] += seconds;
    ++runs_[place];
  }
  values_[run_ + r] += end;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (runs_[i] > 0) values_[stages_ + i] /= runs_[i];
  }
}

void StepFigures::set_gather(int stage, double seconds) {
  values_[stages_ + kStageOps.size() * static_cast<std::size_t>(stage) + place_of(Op::kUnshard)] =
      seconds;
}

void StepFigures::set(int rank, double step_seconds, double peak_bytes, RankNotice notice) {
  values_[kStopping] = notice.stop ? 1 : 0;
  values_[kWriting] = notice.writing ? 1 : 0;
  values_[kLost] = notice.lost ? 1 : 0;
  values_[step_ + static_cast<std::size_t>(rank)] = step_seconds;
  values_[peak_ + static_cast<std::size_t>(rank)] = peak_bytes;
}

std::vector<std::size_t> StepFigures::entries_of(
    int rank, const std::vector<int>& stages,
    const std::vector<std::pair<std::int64_t, std::int64_t>>& chunks) const {
  const auto r = static_cast<std::size_t>(rank);
  std::vector<std::size_t> entries{0,         kStopping, kWriting,  kLost,    kTargets,
                                   busy_ + r, run_ + r,  step_ + r, peak_ + r};
  for (const auto& [first, count] : chunks) {
    for (std::int64_t c = first; c < first + count; ++c) {
      entries.push_back(kChunks + static_cast<std::size_t>(c));
    }
  }
  for (const int stage : stages) {
    for (std::size_t op = 0; op < kStageOps.size(); ++op) {
      entries.push_back(stages_ + kStageOps.size() * static_cast<std::size_t>(stage) + op);
    }
  }
  return entries;
}

std::vector<double> StepFigures::list(std::size_t first) const {
  const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(ranks_)};
}

StepResult StepFigures::result(int ranks_per_stage) const {
  StepResult result;
  result.loss = values_[0];
  result.targets = static_cast<std::int64_t>(values_[kTargets]);
  result.stopping = static_cast<int>(values_[kStopping]);
  result.writing = static_cast<int>(values_[kWriting]);
  result.lost = static_cast<int>(values_[kLost]);
  double squares = 0;
  for (std::size_t c = kChunks; c < busy_; ++c) squares += values_[c];
  result.gradient_norm = std::sqrt(squares);
  result.busy_seconds = list(busy_);
  result.run_seconds = list(run_);
  result.peak_bytes = list(peak_);
  const std::vector<double> steps = list(step_);
  result.step_seconds = *std::max_element(steps.begin(), steps.end());
  for (std::size_t s = stages_; s < values_.size(); s += kStageOps.size()) {
    result.stage_seconds.push_back({values_[s] / ranks_per_stage, values_[s + 1] / ranks_per_stage,
                                    values_[s + 2] / ranks_per_stage,
                                    values_[s + 3] / ranks_per_stage,
                                    values_[s + 4] / ranks_per_stage});
    result.piece_seconds.push_back(
        {values_[s + 5] / ranks_per_stage, values_[s + 6] / ranks_per_stage});
  }
  return result;
}

std::string not_finite_text(const std::vector<NotFinite>& found) {
  std::string text;
  for (const NotFinite& one : found) {
    text += std::to_string(one.stage) + (one.forward ? " F " : " I ") + one.text + "\n";
  }
  return text;
}

std::string first_not_finite(const std::vector<std::string>& found) {
  constexpr int kMost = std::numeric_limits<int>::max();
  std::string first = "a weight gradient";
  std::pair least{true, kMost};  // forwards first, and each in the order of its stages
  for (const std::string& rank : found) {
    std::istringstream lines(rank);
    int stage = 0;
    char pass = 0;
    std::string text;
    while (lines >> stage >> pass && std::getline(lines >> std::ws, text)) {
      const bool forward = pass == 'F';
      const std::pair place{!forward, forward ? stage : kMost - 1 - stage};
      if (place >= least) continue;
      least = place;
      first = text;
    }
  }
  return first;
}

}  // namespace pipetrain
