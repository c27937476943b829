// What drawings say about a Timeline besides its spans. Only drawings and descriptions include
// this.
#pragma once

#include <string>
#include <vector>

#include "schedule/timeline.h"

namespace pipetrain {

// Where a rank's warm-up ends (its first backward) and its cool-down begins (the end of its last
// forward).
struct Phases {
  double warmup_end = 0, cooldown_start = 0;
};

double first_start(const Timeline& timeline);
bool has_backward(const Timeline& timeline);  // else it has no phases
Phases phases_of(const Timeline& timeline, int rank);
int microbatches_of(const Timeline& timeline);

// Where a stage stands among those of a rank, the lowest first.
class StagePlaces {
 public:
  explicit StagePlaces(const Timeline& timeline);
  int of(int rank, int stage) const;
  int most() const { return most_; }  // stages of the rank that has most, at least 1

 private:
  std::vector<std::vector<int>> stages_;  // of each rank, ascending
  int most_ = 1;
};

std::string short_number(double value);           // "30", "0.25", "1234.6": about four digits
double round_step(double range, int most_steps);  // 1, 2 or 5 times a power of ten

// "makespan 30 s, bubble 20.0%"
std::string headline(const Timeline& timeline, const std::string& time_unit);

}  // namespace pipetrain
