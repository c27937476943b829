// How long steps took on all ranks together, and how busy the ranks were. It must not know how the
// steps were run.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "comm/collective.h"
#include "pipeline/recorder.h"

namespace pipetrain {

// What one rank's recorder says of one step or of several, by its clock.
struct RankTime {
  double start = 0, end = 0, busy = 0;
  bool any = false;

  void add(const Recorder& recorder);
};

// One step, or several, as all ranks see them.
struct WorldTime {
  double seconds = 0;  // from the first rank's start to the last one's end
  double busy = 0;     // of all ranks together
  double delay = 0;    // of this rank's start behind the first one's on its host
  double bubble(std::size_t ranks) const {
    return 1 - busy / (static_cast<double>(ranks) * seconds);
  }
  friend bool operator<(const WorldTime& a, const WorldTime& b) { return a.seconds < b.seconds; }
};

// Collective. `hosts` names every rank's host: ranks of one share a clock, and those of several are
// taken to start together.
WorldTime measure(const RankTime& mine, const std::vector<std::string>& hosts,
                  Collective& collective);

}  // namespace pipetrain
