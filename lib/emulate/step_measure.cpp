#include "emulate/step_measure.h"

#include <algorithm>
#include <cstddef>
#include <map>

#include "setup/gather.h"

namespace pipetrain {

void RankTime::add(const Recorder& recorder) {
  if (!any) start = recorder.origin();
  any = true;
  for (const Span& span : recorder.spans()) {
    end = std::max(end, recorder.origin() + span.end);
    if (!span.waiting) busy += span.end - span.start;
  }
}

WorldTime measure(const RankTime& mine, const std::vector<std::string>& hosts,
                  Collective& collective) {
  const auto lists = gather({mine.start, mine.end, mine.busy}, collective);
  const std::vector<double>&starts = lists[0], &ends = lists[1], &busies = lists[2];
  std::map<std::string, double> first;  // start on each host, by its own clock
  for (std::size_t r = 0; r < hosts.size(); ++r) {
    const auto [at, is_new] = first.emplace(hosts[r], starts[r]);
    if (!is_new) at->second = std::min(at->second, starts[r]);
  }
  WorldTime step;
  for (std::size_t r = 0; r < hosts.size(); ++r) {
    step.seconds = std::max(step.seconds, ends[r] - first.at(hosts[r]));
    step.busy += busies[r];
  }
  const auto self = static_cast<std::size_t>(collective.rank());
  step.delay = starts[self] - first.at(hosts[self]);
  return step;
}

}  // namespace pipetrain
