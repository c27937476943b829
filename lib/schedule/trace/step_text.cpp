#include "schedule/trace/step_text.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace pipetrain {

using nlohmann::json;

std::string rank_text(const std::vector<Span>& spans, const std::vector<OtherWork>& other_work) {
  json packed_spans = json::array(), packed_work = json::array();
  for (const Span& s : spans) {
    packed_spans.push_back({text_of(s.action), s.waiting, s.start, s.end, s.cpu, s.bytes});
  }
  for (const OtherWork& w : other_work) packed_work.push_back({w.name, w.start, w.end});
  return json{packed_spans, packed_work}.dump();
}

TracedStep step_of_texts(int step, const std::vector<std::string>& texts) {
  TracedStep traced{step, {}, {}};
  for (const std::string& text : texts) {
    const json part = json::parse(text);
    auto& spans = traced.timeline.ranks.emplace_back();
    for (const json& s : part[0]) {
      spans.push_back(
          {parse_action(s[0].get<std::string>()).value(), s[1], s[2], s[3], s[4], s[5]});
    }
    auto& works = traced.other_work.emplace_back();
    for (const json& w : part[1]) works.push_back({w[0], w[1], w[2]});
  }
  return traced;
}

double earliest(const TracedStep& step) {
  double first = std::numeric_limits<double>::max();
  for_each_interval(step, [&](double start, double) { first = std::min(first, start); });
  return first;
}

void shift(TracedStep& step, double seconds) {
  for_each_interval(step, [&](double& start, double& end) {
    start += seconds;
    end += seconds;
  });
}

}  // namespace pipetrain
