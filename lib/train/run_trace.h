// trace.json of a run: keeps what this rank did in a few steps, then writes them all from rank 0.
// It must not know how a step is run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "comm/collective.h"
#include "pipeline/recorder.h"
#include "schedule/schedule.h"
#include "setup/world.h"

namespace pipetrain {

// Which training steps are traced, from 1.
struct TracedRange {
  std::int64_t first = 1, last = 1;
};

// Ten steps after the first two, which build what later ones use again; or the last step of a
// shorter run. Fewer, but one at least, if a step has so many actions that a viewer would labour.
TracedRange traced_range(const Schedule& schedule, int replicas, std::int64_t steps);

class RunTrace {
 public:
  // Collective. Writes `path`, under the name `title`.
  RunTrace(std::string path, std::string title, TracedRange range, const World& world,
           Collective& collective);

  bool covers(std::int64_t step) const { return range_.first <= step && step <= range_.last; }
  bool ends_with(std::int64_t step) const { return step == range_.last; }

  // What was recorded of a step, and the time before it that went into feeding the next one.
  // No communication.
  void keep(std::int64_t step, const Recorder& recorder, const std::vector<OtherWork>& before);

  // Collective. Error(kConfiguration) on rank 0 if the file cannot be written.
  void write() const;

 private:
  struct Kept {
    int step;
    std::vector<Span> spans;  // seconds by rank 0's clock
    std::vector<OtherWork> other_work;
  };

  std::string path_, title_;
  TracedRange range_;
  Collective& collective_;
  double clock_offset_;
  std::vector<Kept> kept_;
};

}  // namespace pipetrain
