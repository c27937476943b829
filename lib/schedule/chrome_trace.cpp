#include "schedule/chrome_trace.h"

#include <nlohmann/json.hpp>

namespace pipetrain {
namespace {

using Json = nlohmann::ordered_json;

std::string_view category_of(const Span& span) {
  if (span.waiting) return "wait";
  switch (span.action.op) {
    case Op::kForward:
      return "forward";
    case Op::kBackwardInput:
      return "input gradient";
    case Op::kBackwardWeight:
      return "weight gradient";
    case Op::kBackward:
      return "backward";
    case Op::kRecompute:
      return "recompute";
    case Op::kReduceGrad:
      return "reduce";
    default:
      return "message";
  }
}

Json metadata(const char* what, int rank, const std::string& name) {
  return {{"name", what}, {"ph", "M"}, {"pid", 0}, {"tid", rank}, {"args", {{"name", name}}}};
}

}  // namespace

ChromeTrace::ChromeTrace(std::string_view process)
    : events_(metadata("process_name", 0, std::string(process)).dump()) {}

void ChromeTrace::add(const Timeline& timeline, int step, double offset_seconds) {
  const int ranks = static_cast<int>(timeline.ranks.size());
  for (; named_ranks_ < ranks; ++named_ranks_) {
    const std::string name = "rank " + std::to_string(named_ranks_);
    events_ += ",\n" + metadata("thread_name", named_ranks_, name).dump();
  }
  constexpr double kMicroseconds = 1e6;
  for (int rank = 0; rank < ranks; ++rank) {
    for (const Span& span : timeline.ranks[static_cast<std::size_t>(rank)]) {
      const std::string name = (span.waiting ? "wait " : "") + text_of(span.action);
      const Json event{{"name", name},
                       {"cat", category_of(span)},
                       {"ph", "X"},
                       {"ts", (offset_seconds + span.start) * kMicroseconds},
                       {"dur", (span.end - span.start) * kMicroseconds},
                       {"pid", 0},
                       {"tid", rank},
                       {"args",
                        {{"step", step},
                         {"stage", span.action.stage},
                         {"microbatch", span.action.microbatch},
                         {"cpu_us", span.cpu * kMicroseconds}}}};
      events_ += ",\n" + event.dump();
    }
  }
}

std::string ChromeTrace::text() const {
  return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + events_ + "\n]}\n";
}

}  // namespace pipetrain
