#include "schedule/trace/chrome_trace.h"

#include <algorithm>
#include <cstddef>

#include "base/error.h"
#include "schedule/trace/trace_events.h"

namespace pipetrain {
namespace {

using trace::Json, trace::microseconds;

constexpr std::string_view kBegin =
    R"({"displayTimeUnit":"ms","otherData":{"program":"pipetrain"},"traceEvents":[)";

std::string_view category_of(const Span& span) {
  if (span.waiting) return "wait";
  switch (span.action.op) {
    case Op::kForward: return "forward";
    case Op::kBackwardInput: return "input gradient";
    case Op::kBackwardWeight: return "weight gradient";
    case Op::kBackward: return "backward";
    case Op::kRecompute: return "recompute";
    case Op::kVocabularyForward: return "vocabulary forward";
    case Op::kVocabularyBackward: return "vocabulary backward";
    case Op::kEmbeddingForward: return "look-up";
    case Op::kEmbeddingBackward: return "look-up's gradient";
    case Op::kReduceGrad: return "reduce";
    case Op::kUnshard:
    case Op::kReshard: return "gather";
    default: return "message";
  }
}

Json metadata(const char* what, int rank, const Json& arguments) {
  return {{"name", what}, {"ph", "M"}, {"pid", 0}, {"tid", rank}, {"args", arguments}};
}

Json complete_event(const std::string& name, std::string_view category, int rank, double start,
                    double end) {
  const double begin = microseconds(start);
  return {{"name", name},
          {"cat", category},
          {"ph", "X"},
          {"ts", begin},
          {"dur", microseconds(end - begin / 1e6)},
          {"pid", 0},
          {"tid", rank}};
}

Json event_of(const Span& span, int step, int rank) {
  Json event = complete_event(std::string(span.waiting ? "wait " : "").append(text_of(span.action)),
                              category_of(span), rank, span.start, span.end);
  event["args"] = {{"step", step},
                   {"stage", span.action.stage},
                   {"microbatch", span.action.microbatch},
                   {"cpu_us", microseconds(span.cpu)}};
  return event;
}

Json event_of(const OtherWork& work, int step, int rank) {
  Json event = complete_event(work.name, work.name, rank, work.start, work.end);
  event["args"] = {{"step", step}};
  return event;
}

}  // namespace

ChromeTrace::ChromeTrace(std::string_view process)
    : events_(metadata("process_name", 0, {{"name", process}})
                  .dump(-1, ' ', false, Json::error_handler_t::replace)) {}

void ChromeTrace::add(const TracedStep& step) {
  const int ranks = static_cast<int>(step.timeline.ranks.size());
  for (; named_ranks_ < ranks; ++named_ranks_) {
    const int rank = named_ranks_;
    events_ +=
        ",\n" + metadata("thread_name", rank, {{"name", "rank " + std::to_string(rank)}}).dump();
    events_ += ",\n" + metadata("thread_sort_index", rank, {{"sort_index", rank}}).dump();
  }
  for (int rank = 0; rank < ranks; ++rank) {
    const auto r = static_cast<std::size_t>(rank);
    std::vector<Json> events;
    for (const Span& span : step.timeline.ranks[r]) {
      events.push_back(event_of(span, step.step, rank));
    }
    if (r < step.other_work.size()) {
      for (const OtherWork& work : step.other_work[r]) {
        events.push_back(event_of(work, step.step, rank));
      }
    }
    std::stable_sort(events.begin(), events.end(), [](const Json& a, const Json& b) {
      return a["ts"].get<double>() < b["ts"].get<double>();
    });
    for (const Json& event : events) events_ += ",\n" + event.dump();
  }
  for (const auto& events :
       {trace::flow_events(step.timeline, next_flow_), trace::counter_events(step.timeline)}) {
    for (const Json& event : events) events_ += ",\n" + event.dump();
  }
}

std::string ChromeTrace::text() const { return std::string(kBegin) + "\n" + events_ + "\n]}\n"; }

bool is_own_trace(std::string_view beginning) { return beginning.starts_with(kBegin); }

std::string schedule_trace(std::string_view title, const Timeline& timeline) {
  constexpr std::size_t kMostSpans = 200'000;  // a file of some 100 MB
  constexpr double kUnitsOfSecond = 1000;
  std::size_t spans = 0;
  for (const auto& rank : timeline.ranks) spans += rank.size();
  if (spans > kMostSpans) {
    throw Error(ExitCode::kConfiguration, "a trace of " + std::to_string(spans) +
                                              " actions and waits is too large; at most " +
                                              std::to_string(kMostSpans) +
                                              " are written; take fewer microbatches or ranks");
  }
  TracedStep step{1, timeline, {}};
  for_each_interval(step, [&](double& start, double& end) {
    start /= kUnitsOfSecond;
    end /= kUnitsOfSecond;
  });
  ChromeTrace trace(std::string(title) + "; 1 ms is a unit of cost");
  trace.add(step);
  return trace.text();
}

}  // namespace pipetrain
