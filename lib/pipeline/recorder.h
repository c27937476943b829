// Writes down what a rank did in a step: the measured spans of a Timeline, and other work after
// them. It must not know what an action does.
#pragma once

#include <cstddef>
#include <vector>

#include "base/clock.h"
#include "schedule/trace/traced_step.h"

namespace pipetrain {

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

  // The same for work that is no action; it has a name.
  template <class Body>
  void record_other(const char* name, const Body& body) {
    const double start = wall_seconds();
    body();
    other_work_.push_back({name, start - origin_, wall_seconds() - origin_});
  }

  const std::vector<Span>& spans() const { return spans_; }
  const std::vector<OtherWork>& other_work() const { return other_work_; }
  double origin() const { return origin_; }  // wall_seconds() at begin()

 private:
  double origin_ = 0;
  std::vector<Span> spans_;
  std::vector<OtherWork> other_work_;
};

}  // namespace pipetrain
