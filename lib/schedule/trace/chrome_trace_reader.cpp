// Reads back what chrome_trace.cpp writes. A trace is a file like any other: nothing in it is
// believed before it is checked.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json_text.h"
#include "schedule/trace/chrome_trace.h"

namespace pipetrain {
namespace {

using nlohmann::json;

constexpr std::string_view kWait = "wait ";
constexpr double kMostMicroseconds = 1e15;  // 30 years

// On one line, and not too much of it.
std::string shown(const json& value) { return value.dump().substr(0, 40); }

// One "X" event: a span or other work, of one rank in one step.
struct Event {
  int step = 0, rank = 0;
  std::optional<Span> span;
  OtherWork work;
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : name_(name) {
    const json trace = parsed_json(text);
    if (trace.is_discarded()) fail(json_fault(text, "is not JSON, or was cut short"));
    const json* data = find(trace, "otherData");
    const json* program = data == nullptr ? nullptr : find(*data, "program");
    const json* events = find(trace, "traceEvents");
    if (program == nullptr || *program != "pipetrain" || events == nullptr || !events->is_array()) {
      fail("is not a trace that pipetrain wrote");
    }
    most_ = static_cast<int>(std::min<std::size_t>(events->size(), 1 << 30));
    for (std::size_t i = 0; i < events->size(); ++i) read_event((*events)[i], i);
    if (events_.empty()) fail("holds no step");
  }

  std::vector<TracedStep> steps() const {
    int ranks = 0;
    std::map<int, std::size_t> place_of_step;
    for (const Event& event : events_) {
      ranks = std::max(ranks, event.rank + 1);
      place_of_step[event.step] = 0;
    }
    // Every rank has an event in every step.
    if (place_of_step.size() * static_cast<std::size_t>(ranks) > events_.size()) {
      fail("lacks some rank's part of some step");
    }
    std::vector<TracedStep> steps;
    for (auto& [step, place] : place_of_step) {
      place = steps.size();
      const auto p = static_cast<std::size_t>(ranks);
      steps.push_back(
          {step, {std::vector<std::vector<Span>>(p), {}}, {p, std::vector<OtherWork>()}});
    }
    for (const Event& event : events_) {
      TracedStep& step = steps[place_of_step[event.step]];
      const auto rank = static_cast<std::size_t>(event.rank);
      if (event.span) {
        step.timeline.ranks[rank].push_back(*event.span);
      } else {
        step.other_work[rank].push_back(event.work);
      }
    }
    for (TracedStep& step : steps) finish(step.timeline);
    return steps;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ExitCode::kData,
                name_ + " " + what + "; pipetrain train --trace writes a trace that is whole");
  }
  [[noreturn]] void fail(std::size_t event, const std::string& what) const {
    fail("is damaged: event " + std::to_string(event) + " " + what);
  }

  static const json* find(const json& object, const char* key) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
  }

  const json& field(const json& object, const char* key, std::size_t event) const {
    const json* found = find(object, key);
    if (found == nullptr) fail(event, std::string("has no ") + key);
    return *found;
  }

  // A whole number from `least` up that can be an index into what so many events describe.
  int index(const json& object, const char* key, int least, int most, std::size_t event) const {
    const json& value = field(object, key, event);
    const bool fits = value.is_number_integer() && value >= least && value <= most;
    if (!fits) fail(event, std::string("has a ") + key + " that cannot be: " + shown(value));
    return value.get<int>();
  }

  double seconds(const json& object, const char* key, std::size_t event) const {
    const json& value = field(object, key, event);
    const bool fits = value.is_number() && value >= 0 && value <= kMostMicroseconds;
    if (!fits) fail(event, std::string("has a ") + key + " that cannot be: " + shown(value));
    return value.get<double>() / 1e6;
  }

  void read_event(const json& object, std::size_t at) {
    const json& phase = field(object, "ph", at);
    if (phase != "X") return;  // names of tracks
    const json& name = field(object, "name", at);
    if (!name.is_string()) fail(at, "has a name that is no text");
    const json& arguments = field(object, "args", at);
    Event event;
    event.rank = index(object, "tid", 0, most_ - 1, at);
    event.step = index(arguments, "step", 1, std::numeric_limits<int>::max(), at);
    const double start = seconds(object, "ts", at), end = start + seconds(object, "dur", at);
    std::string_view what = name.get_ref<const std::string&>();
    const bool waiting = what.starts_with(kWait);
    if (waiting) what.remove_prefix(kWait.size());
    if (const std::optional<Action> action = parse_action(what)) {
      if (std::max({action->stage, action->microbatch, action->slice}) >= most_) {
        fail(at, "is " + std::string(what) + " among " + std::to_string(most_) + " events");
      }
      event.span = {*action, waiting, start, end, seconds(arguments, "cpu_us", at)};
    } else if (waiting) {
      fail(at, "waits for no action: " + shown(name));
    } else {
      event.work = {std::string(what), start, end};
    }
    events_.push_back(std::move(event));
  }

  // In order of start, with the peaks of what was live: on a stage from an F to its W.
  static void finish(Timeline& timeline) {
    std::size_t stage_count = 0;
    for (auto& spans : timeline.ranks) {
      std::stable_sort(spans.begin(), spans.end(),
                       [](const Span& a, const Span& b) { return a.start < b.start; });
      int live = 0, peak = 0;
      std::set<int> stages;
      for (const Span& span : spans) {
        if (span.waiting) continue;
        stages.insert(span.action.stage);
        if (span.action.op == Op::kForward) peak = std::max(peak, ++live);
        if (ends_microbatch(span.action.op)) --live;
      }
      timeline.peak_live_microbatches.push_back(peak);
      stage_count += stages.size();
    }
    const double slices = static_cast<double>(stage_count) * slice_count(timeline);
    for (double& peak : timeline.peak_live_microbatches) {
      peak *= static_cast<double>(timeline.ranks.size()) / slices;
    }
  }

  const std::string& name_;
  int most_ = 0;  // no rank, stage or microbatch has a higher number than there are events
  std::vector<Event> events_;
};

}  // namespace

std::vector<TracedStep> parse_chrome_trace(std::string_view text, const std::string& name) {
  return Reader(text, name).steps();
}

std::vector<TracedStep> read_chrome_trace(const std::string& path) {
  std::error_code problem;
  const std::filesystem::file_status status = std::filesystem::status(path, problem);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw Error(ExitCode::kConfiguration, path + " is not a regular file; expected a trace");
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || file.bad()) {
    throw Error(ExitCode::kConfiguration, "cannot read " + system_reason(path));
  }
  return parse_chrome_trace(text.str(), path);
}

}  // namespace pipetrain
