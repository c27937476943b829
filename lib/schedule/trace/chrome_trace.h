// Timelines as Chrome trace events, which Perfetto and chrome://tracing open: one track per rank.
// It must not know whether a Timeline was simulated or measured.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schedule/trace/traced_step.h"

namespace pipetrain {

class ChromeTrace {
 public:
  // `process` is the name that the viewer shows above the ranks' tracks.
  explicit ChromeTrace(std::string_view process);

  // Steps come in ascending order, with times in seconds from the start of the trace (kept to the
  // nanosecond). An action is named by its text, "2F0"; a wait "wait 2F0", by what it waits to run;
  // other work by its own name. Arrows go with messages, and counters with what a rank holds.
  void add(const TracedStep& step);

  std::string text() const;  // the whole trace, a JSON object

 private:
  int named_ranks_ = 0;
  std::int64_t next_flow_ = 1;
  std::string events_;  // comma-separated JSON objects
};

// A simulated step as a whole trace; one unit of its time is shown as a millisecond.
// Error(kConfiguration) for so many spans that no viewer would open the file.
std::string schedule_trace(std::string_view title, const Timeline& timeline);

// The steps of a trace that ChromeTrace made, in order, with every rank in each; peaks of live
// microbatches are counted from the actions. Error(kData), beginning with `name`, for any other
// text.
std::vector<TracedStep> parse_chrome_trace(std::string_view text, const std::string& name);

// The same from a file. Error(kConfiguration) if it cannot be read.
std::vector<TracedStep> read_chrome_trace(const std::string& path);

// Whether a file that begins so is one that ChromeTrace made.
bool is_own_trace(std::string_view beginning);

}  // namespace pipetrain
