// The figures of one training step, and how all ranks come to know them: each fills in its own, and
// one sum over the ranks does the rest. It must not know how a step is run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "schedule/simulate/simulate.h"
#include "schedule/timeline.h"

namespace pipetrain {

// What a rank has to say to all at the end of a step.
struct RankNotice {
  bool stop = false;     // someone wants it to stop
  bool writing = false;  // its part of a checkpoint is still being written
  bool lost = false;     // the next step's data could not be read
};

// Equal on every rank.
struct StepResult {
  double loss = 0;
  double gradient_norm = 0;
  std::int64_t targets = 0;                 // that count, over all microbatches and replicas
  bool finite = true;                       // else nothing was updated
  int stopping = 0, writing = 0, lost = 0;  // ranks whose notice says so
  double step_seconds = 0;                  // of the slowest rank
  std::vector<double> busy_seconds;         // per rank: in F, I, W and R
  std::vector<double> run_seconds;          // per rank: from its first action to its last
  std::vector<StageCost> stage_seconds;  // per stage: mean of each of its actions, over its ranks
  std::vector<PieceCost> piece_seconds;  // the same of pieces of the vocabulary, per rank
  std::vector<double> peak_bytes;        // per rank: tensor memory, highest so far
  double bubble_fraction() const;        // 1 - busy / (ranks x the slowest rank's step)
};

// How many of each there are: chunks of the gradient norm, ranks of the grid, stages.
struct FigureCounts {
  std::int64_t chunks = 0;
  int ranks = 1, stages = 1;
};

class StepFigures {
 public:
  explicit StepFigures(const FigureCounts& counts);

  // A step begins: this rank has filled in nothing.
  void clear() {
    values_.assign(values_.size(), 0.0);
    runs_.assign(runs_.size(), 0);
  }
  void set_loss(double share, std::int64_t targets) {
    values_[0] = share;
    values_[kTargets] = static_cast<double>(targets);
  }
  // The sum of squares of chunk `chunk` and of those behind it, to be written by the one rank that
  // has them.
  double* squares(std::int64_t chunk) {
    return &values_[kChunks + static_cast<std::size_t>(chunk)];
  }
  // What this rank has recorded of the step; more than once if it was recorded in pieces.
  void add_spans(int rank, const std::vector<Span>& spans);
  void set_gather(int stage, double seconds);  // of its sharded weights
  void set(int rank, double step_seconds, double peak_bytes, RankNotice notice);

  // Which entries this rank fills in: those of its stages and chunks (first, count) among them.
  std::vector<std::size_t> entries_of(
      int rank, const std::vector<int>& stages,
      const std::vector<std::pair<std::int64_t, std::int64_t>>& chunks) const;
  // To be summed over all ranks.
  std::span<double> values() { return values_; }
  // Of the summed values. Each stage ran on so many ranks.
  StepResult result(int ranks_per_stage) const;

 private:
  static constexpr std::size_t kStopping = 1, kWriting = 2, kLost = 3, kTargets = 4,
                               kChunks = 5;  // behind the loss

  std::vector<double> list(std::size_t first) const;  // one number per rank

  std::size_t ranks_, busy_, run_, step_, peak_, stages_;  // how many; where each list begins
  std::vector<double> values_;
  std::vector<int> runs_;  // of this rank, of each kind of action of each stage
};

// What a stage has found that is not finite: in a forward, or else in a gradient.
struct NotFinite {
  int stage = 0;
  bool forward = false;
  std::string text;
};

// All that a rank has found, to send it to the others.
std::string not_finite_text(const std::vector<NotFinite>& found);

// Of what each rank has found, as not_finite_text() has it, what came first in the step: a forward
// comes before every gradient that follows from it; forwards go from the first stage to the last,
// gradients back. Ranks hold any stages, and two of them may hold the same.
std::string first_not_finite(const std::vector<std::string>& found);

}  // namespace pipetrain
