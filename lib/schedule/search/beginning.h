// Beginnings of schedules, which grow action by action in order of time: what may come next so that
// a best schedule stays within reach, and below what no schedule with this beginning can come. It
// must not know which of them a search keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "schedule/search/rank_orders.h"

namespace pipetrain::search {

struct Beginning {
  std::vector<int> done;  // [op * stages + stage]
  // Per rank when it is free; then when the inputs of F, and then of I, are there on each stage for
  // each microbatch: never before their rank is free, 0 once they are used.
  std::vector<double> times;
  // Per rank a bit for each lap whose F has been put off until the rank's memory has been full.
  std::vector<std::uint32_t> put_off;
  double bound = 0;    // no schedule that begins so is shorter
  double promise = 0;  // the mean of the ranks' own bounds: less is better where bounds are equal
};

class Growth {
 public:
  static constexpr int kMostLaps = 32;  // bits of Beginning::put_off

  explicit Growth(const Problem& problem);

  struct Pick {
    int rank;
    Step step;
  };
  struct Choice {
    std::vector<Pick> next;  // of one rank: the first is the action that can end first of all
    double first_end = 0;
    // The rank may take something else later in place of the first, which is an F: other stages of
    // the rank may need its memory.
    bool may_put_off = false;
  };

  Beginning empty() const;
  // Giffler and Thompson (1960): of all actions that can start, take the one that ends first. Its
  // rank runs it next, or another one that starts before that end: a schedule in which it starts
  // none of them can run this one first and is no longer. That holds as long as memory allows it:
  // an F may have to be put off.
  void choose(const Beginning& beginning, Choice& choice) const;
  void take(Beginning& beginning, Pick pick) const;
  void put_off(Beginning& beginning, const Choice& choice) const;
  void estimate(Beginning& beginning) const;  // bound and promise; an infinite bound: a deadlock

  // Whether whatever can follow `b` is as good after `a`, where both have done the same.
  static bool is_as_good(const Beginning& a, const Beginning& b);

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  std::size_t at(int op, int stage) const { return index(op * problem_.stages + stage); }
  // In `times`, of the input of F or I.
  std::size_t input(int op, int stage, int microbatch) const {
    return index(problem_.ranks + (op * problem_.stages + stage) * problem_.microbatches +
                 microbatch);
  }
  int live(const Beginning& beginning, int rank) const;
  double start(const Beginning& beginning, int rank, int op, int lap) const;
  bool is_stuck(const Beginning& beginning, int rank) const;
  double bound_of_work(const Beginning& beginning, int rank) const;
  void lift(Beginning& beginning, int rank) const;
  double follow(const Beginning& beginning, std::vector<double>& lifetimes) const;

  const Problem& problem_;
  std::vector<std::vector<int>> longest_weights_;  // per rank its stages, by W
  std::vector<double> heads_;                      // per rank: before that it has nothing to run
  std::vector<double> after_gradient_;            // per stage: from the end of I to the model's end
  std::vector<std::vector<double>> to_forward_;   // [from][to]: start of F to end of to's I
  std::vector<std::vector<double>> to_gradient_;  // [from][to]: start of I to end of to's I
};

}  // namespace pipetrain::search
