// Writes down what a rank did in a step: the measured spans of a Timeline, and other work after
// them. It must not know what an action does.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "schedule/trace/traced_step.h"
#include "tensor/memory.h"

namespace pipetrain {

class Recorder {
 public:
  // Spans say how much of `pool` is used when they end.
  explicit Recorder(const MemoryPool& pool) : pool_(pool) {}

  // Forgets the step before; the memory for `expected` spans is kept from step to step.
  void begin(std::size_t expected);
  // What was recorded since then; times go on from the same begin().
  void forget() {
    spans_.clear();
    other_work_.clear();
  }
  // From now on microbatch 0 is recorded as `first`, until begin(): of two steps that overlap each
  // has numbers of its own.
  void number_from(int first) { first_microbatch_ = first; }
  // Runs `body` and records it as one span; returns its wall seconds.
  template <class Body>
  double record(const Action& action, bool waiting, const Body& body) {
    const double start = wall_seconds(), cpu = cpu_seconds();
    body();
    const double end = wall_seconds();
    spans_.push_back({numbered(action), waiting, start - origin_, end - origin_,
                      cpu_seconds() - cpu, used_bytes()});
    return end - start;
  }

  // The same for two actions whose work alternates: body(pass) calls pass() to go from one to the
  // other. They are recorded as if the second had followed the first.
  template <class Body>
  void record_alternating(const Action& first, const Action& second, const Body& body) {
    std::array<Span, 2> spans{Span{numbered(first)}, Span{numbered(second)}};
    std::size_t current = 0;
    const double start = wall_seconds();
    double wall = start, cpu = cpu_seconds();
    const auto pass = [&] {
      const double last_wall = wall, last_cpu = cpu;
      wall = wall_seconds();
      cpu = cpu_seconds();
      spans[current].bytes = used_bytes();
      spans[current].end += wall - last_wall;  // its length, until it has a place
      spans[current].cpu += cpu - last_cpu;
      current = 1 - current;
    };
    body(pass);
    pass();
    double end = start - origin_;
    for (Span& span : spans) {
      span.start = end;
      span.end = end += span.end;
      spans_.push_back(span);
    }
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
  Action numbered(Action action) const {
    action.microbatch += first_microbatch_;
    return action;
  }
  std::int64_t used_bytes() const { return static_cast<std::int64_t>(pool_.used_bytes()); }

  const MemoryPool& pool_;
  int first_microbatch_ = 0;
  double origin_ = 0;
  std::vector<Span> spans_;
  std::vector<OtherWork> other_work_;
};

}  // namespace pipetrain
