// Timelines as Chrome trace events, which Perfetto and chrome://tracing open: one track per rank.
// It must not know whether a Timeline was simulated or measured.
#pragma once

#include <string>
#include <string_view>

#include "schedule/timeline.h"

namespace pipetrain {

class ChromeTrace {
 public:
  // `process` is the name that the viewer shows above the ranks' tracks.
  explicit ChromeTrace(std::string_view process);

  // One step that began `offset_seconds` after the trace; times are in seconds. An action is named
  // by its text, "2F0"; a wait "wait 2F0", by what it waits to run.
  void add(const Timeline& timeline, int step, double offset_seconds);

  std::string text() const;  // the whole trace, a JSON object

 private:
  int named_ranks_ = 0;
  std::string events_;  // comma-separated JSON objects
};

}  // namespace pipetrain
