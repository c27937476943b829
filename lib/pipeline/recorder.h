// Writes down what a rank did in a step: the measured spans of a Timeline. It must not know what an
// action does.
#pragma once

#include <vector>

#include "schedule/timeline.h"

namespace pipetrain {

// Seconds since an arbitrary start, the same for all processes of a host; and the processor time of
// this process.
double wall_seconds();
double cpu_seconds();

class Recorder {
 public:
  // Forgets the step before; the memory for `expected` spans is kept from step to step.
  void begin(std::size_t expected);
  // Runs `body` and records it as one span; returns its wall seconds.
  template <class Body>
  double record(const Action& action, bool waiting, const Body& body) {
    const double start = wall_seconds(), cpu = cpu_seconds();
    body();
    const double end = wall_seconds();
    spans_.push_back({action, waiting, start - origin_, end - origin_, cpu_seconds() - cpu});
    return end - start;
  }

  const std::vector<Span>& spans() const { return spans_; }
  double origin() const { return origin_; }  // wall_seconds() at begin()

 private:
  double origin_ = 0;
  std::vector<Span> spans_;
};

}  // namespace pipetrain
