// When what an action needs of another stage is there: simulations and the search for schedules all
// ask here. It must not know in which order a rank works.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "schedule/schedule.h"
#include "schedule/simulate/network.h"

namespace pipetrain {

// F needs the result of the stage below, I and B the gradient of the stage above, S, T and the last
// stage's I each other, where the ways go to pieces of the vocabulary (for_each_needed() in
// schedule/walk.h says the same of a listed action), and from piece to piece if these wait twice.
// Between two ranks it travels for a while, and waits before that for those that were sent earlier
// on the same link. The model's two ends have their inputs from the start.
class InputTimes {
 public:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  // Of steps that follow each other: `microbatches` of one, in so many slices each.
  InputTimes(MessageWays ways, int microbatches, int slices = 1, int steps = 1)
      : microbatches_(microbatches),
        slices_(slices),
        columns_(index(microbatches) * index(slices) * index(steps)),
        borders_(ways.up.size() / index(ways.copies)),
        ways_(std::move(ways)) {
    const std::size_t cells = borders_ * columns_;
    activations_.assign(cells, 0);
    gradients_.assign(cells, 0);
    to_pieces_.resize(ways_.to_piece.size() * columns_);
    totals_.resize(to_pieces_.size());
    statistics_.resize(waits_twice() ? to_pieces_.size() : 0);
    last_part_.resize(has_pieces() ? columns_ : 0);
    parts_left_.resize(last_part_.size());
    statistics_left_.resize(waits_twice() ? columns_ : 0);
    forget();
  }

  // As before anything has run.
  void forget() {
    const auto row = static_cast<std::ptrdiff_t>(columns_);
    std::fill(activations_.begin() + row, activations_.end(), kNever);
    std::fill(gradients_.begin(), gradients_.end() - (has_pieces() ? 0 : row), kNever);
    std::ranges::fill(to_pieces_, kNever);
    std::ranges::fill(totals_, kNever);
    std::ranges::fill(statistics_, 0);
    std::ranges::fill(last_part_, 0);
    for (auto* left : {&parts_left_, &statistics_left_}) {
      std::ranges::fill(*left, static_cast<int>(ways_.from_piece.size()));
    }
    link_free_.assign(index(ways_.queues), 0);
  }

  // kNever if what the action needs has not run; 0 for W and R, which need nothing of other stages.
  double arrival(Op op, int stage, int slice) const {
    if (op == Op::kVocabularyForward) return to_pieces_[at(stage, slice)];
    if (op == Op::kVocabularyBackward) return totals_[at(stage, slice)];
    if (op == Op::kForward) return activations_[at(stage, slice)];
    if (!sends_gradient(op)) return 0;
    return gradients_[at(stage + 1, slice)];
  }

  // F or S is done, or I, B or T has its gradient. Who shares a link must call this in order of
  // time.
  void ended(Op op, int stage, int slice, double end) {
    const bool last = index(stage) + 2 == borders_;
    if (waits_twice() && op == Op::kVocabularyForward) statistics_ended(stage, slice, end);
    if (op == (waits_twice() ? Op::kVocabularyBackward : Op::kVocabularyForward)) {
      part_ended(stage, slice, end);
    }
    if (last && op == Op::kForward) to_pieces(to_pieces_, slice, end);
    if (last && sends_gradient(op) && !waits_twice()) to_pieces(totals_, slice, end);
    if (op == Op::kForward) {
      activations_[at(stage + 1, slice)] = sent(ways_.up[way(stage + 1, slice)], end);
    }
    if (sends_gradient(op)) {
      gradients_[at(stage, slice)] = sent(ways_.down[way(stage, slice)], end);
    }
  }

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  std::size_t at(int border, int slice) const { return index(border) * columns_ + index(slice); }

  // Of the microbatch's copy of the stages.
  std::size_t way(int border, int slice) const {
    const int microbatch = slice / slices_ % microbatches_;
    return index(copy_of_microbatch(microbatch, microbatches_, ways_.copies)) * borders_ +
           index(border);
  }

  bool has_pieces() const { return !ways_.to_piece.empty(); }
  bool waits_twice() const { return !ways_.between_pieces.empty(); }

  // From the last stage to each piece.
  void to_pieces(std::vector<double>& arrivals, int slice, double end) {
    for (std::size_t piece = 0; piece < ways_.to_piece.size(); ++piece) {
      arrivals[at(static_cast<int>(piece), slice)] = sent(ways_.to_piece[piece], end);
    }
  }

  // A piece can go on when it has the statistics of all of them.
  void statistics_ended(int piece, int slice, double end) {
    const int pieces = static_cast<int>(ways_.to_piece.size());
    const bool complete = --statistics_left_[index(slice)] == 0;
    for (int to = 0; to < pieces; ++to) {
      double& last = statistics_[at(to, slice)];
      last = std::max(last, sent(ways_.between_pieces[index(piece * pieces + to)], end));
      if (complete) totals_[at(to, slice)] = last;
    }
  }

  // The last stage has its gradient when it has all pieces' parts.
  void part_ended(int piece, int slice, double end) {
    double& last = last_part_[index(slice)];
    last = std::max(last, sent(ways_.from_piece[index(piece)], end));
    if (--parts_left_[index(slice)] > 0) return;
    gradients_[at(static_cast<int>(borders_) - 1, slice)] = last;
  }

  // When it arrives.
  double sent(const MessageWay& way, double now) {
    if (way.queue < 0) return now + way.latency;
    double& free = link_free_[index(way.queue)];
    free = std::max(free, now) + way.busy;
    return free + way.latency;
  }

  int microbatches_, slices_;      // of a step; of a microbatch
  std::size_t columns_, borders_;  // slices of all steps; of one copy of the stages
  MessageWays ways_;
  std::vector<double> activations_, gradients_;  // when those that cross a border are there
  std::vector<double> to_pieces_, totals_;       // by piece: when S and T have what they need
  std::vector<double> statistics_;               // by piece: the last that has come of those for T
  std::vector<double> last_part_;                // by slice: of those that have come
  std::vector<int> parts_left_, statistics_left_;  // by slice
  std::vector<double> link_free_;                  // per queue
};

}  // namespace pipetrain
