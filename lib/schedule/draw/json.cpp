#include "schedule/draw/json.h"

#include <utility>

namespace pipetrain {

nlohmann::ordered_json schedule_json(const std::string& name, const Schedule& schedule,
                                     const Costs& costs) {
  const Timeline drawn = simulate(schedule, costs, BackwardSends::kAfterBackward);
  const Timeline run = simulate(schedule, costs, BackwardSends::kGradientsFirst);
  nlohmann::ordered_json json;
  json["name"] = name;
  json["placement"] = schedule.placement.name();
  json["rank_count"] = schedule.rank_count();
  json["virtual_stages"] = schedule.virtual_stages();
  json["microbatches"] = schedule.microbatches;
  if (schedule.slices > 1) json["slices"] = schedule.slices;
  if (schedule.cuts_vocabulary()) {
    json["vocabulary"] = name_of(kVocabularyPlaces, schedule.vocabulary);
  }
  json["makespan"] = drawn.makespan();
  json["makespan_gradients_first"] = run.makespan();
  json["bubble_fraction"] = drawn.bubble_fraction();
  json["bubble_fraction_gradients_first"] = run.bubble_fraction();
  json["peak_live_microbatches"] = drawn.peak_live_microbatches;
  json["ranks"] = nlohmann::ordered_json::array();
  for (const auto& actions : schedule.ranks) {
    nlohmann::ordered_json row = nlohmann::ordered_json::array();
    for (const Action& action : actions) row.push_back(text_of(action));
    json["ranks"].push_back(std::move(row));
  }
  json["spans"] = nlohmann::ordered_json::array();
  for (const auto& spans : run.ranks) {
    nlohmann::ordered_json row = nlohmann::ordered_json::array();
    for (const Span& span : spans) {
      if (!span.waiting) row.push_back({text_of(span.action), span.start, span.end});
    }
    json["spans"].push_back(std::move(row));
  }
  return json;
}

}  // namespace pipetrain
