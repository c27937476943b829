#include "schedule/trace/trace_events.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "schedule/simulate/figures.h"

namespace pipetrain::trace {
namespace {

struct Placed {
  const Span* span;
  std::size_t rank;
};

// Each action that makes a result or takes one, by (forward or not, stage, microbatch, slice).
using Results = std::map<std::tuple<bool, int, int, int>, std::vector<Placed>>;

Results results_of(const Timeline& timeline) {
  Results results;
  for (std::size_t rank = 0; rank < timeline.ranks.size(); ++rank) {
    for (const Span& span : timeline.ranks[rank]) {
      const bool forward = span.action.op == Op::kForward;
      if (span.waiting || (!forward && !sends_gradient(span.action.op))) continue;
      results[{forward, span.action.stage, span.action.microbatch, span.action.slice}].push_back(
          {&span, rank});
    }
  }
  return results;
}

// A viewer binds an end to the span around it, and a span's own end lies outside it.
constexpr double kInsideMicroseconds = 1e-3;

Json flow_end(const char* phase, std::int64_t id, const Placed& at, double time) {
  return {{"name", "message"}, {"cat", "message"}, {"ph", phase},   {"id", id},
          {"ts", time},        {"pid", 0},         {"tid", at.rank}};
}

Json counter(const std::string& name, std::size_t rank, double seconds, const Json& value) {
  return {{"name", name + ", rank " + std::to_string(rank)},
          {"ph", "C"},
          {"ts", microseconds(seconds)},
          {"pid", 0},
          {"tid", rank},
          {"args", {{"value", value}}}};
}

double stages_on_fullest_rank(const Timeline& timeline) {
  std::size_t most = 1;
  for (const auto& spans : timeline.ranks) {
    std::set<int> stages;
    for (const Span& span : spans) {
      const bool computes = is_compute(span.action.op) && !is_of_piece(span.action.op);
      if (!span.waiting && computes) stages.insert(span.action.stage);
    }
    most = std::max(most, stages.size());
  }
  return static_cast<double>(most);
}

}  // namespace

double microseconds(double seconds) { return std::round(seconds * 1e9) / 1e3; }

std::vector<Json> flow_events(const Timeline& timeline, std::int64_t& next_id) {
  const Results results = results_of(timeline);
  std::vector<Json> events;
  for (const auto& [key, makers] : results) {
    const auto& [forward, stage, microbatch, slice] = key;
    const auto found = results.find({forward, forward ? stage + 1 : stage - 1, microbatch, slice});
    if (found == results.end() || found->second.size() != makers.size()) continue;
    for (std::size_t i = 0; i < makers.size(); ++i) {
      const Placed &from = makers[i], &to = found->second[i];
      const double begin = microseconds(from.span->start), end = microseconds(from.span->end);
      const bool seen = end > begin && to.span->end > to.span->start;
      if (from.rank == to.rank || !seen) continue;
      events.push_back(flow_end("s", next_id, from, std::max(begin, end - kInsideMicroseconds)));
      events.push_back(flow_end("f", next_id, to, microseconds(to.span->start)));
      events.back()["bp"] = "e";  // bound to the span around it, not to the next one
      ++next_id;
    }
  }
  return events;
}

std::vector<Json> counter_events(const Timeline& timeline) {
  const double stages = stages_on_fullest_rank(timeline) * slice_count(timeline);
  const bool lives = has_backward(timeline);
  std::vector<Json> events;
  for (std::size_t rank = 0; rank < timeline.ranks.size(); ++rank) {
    int live = 0;
    for (const Span& span : timeline.ranks[rank]) {
      if (!span.waiting && span.bytes > 0) {
        events.push_back(counter("tensor bytes", rank, span.end, span.bytes));
      }
      const bool begins = span.action.op == Op::kForward, ends = ends_microbatch(span.action.op);
      if (lives && !span.waiting && (begins || ends)) {
        live += begins ? 1 : -1;
        events.push_back(counter("live microbatches", rank, begins ? span.start : span.end,
                                 static_cast<double>(live) / stages));
      }
    }
  }
  return events;
}

}  // namespace pipetrain::trace
