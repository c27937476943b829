#include "schedule/draw/json.h"

#include <vector>

#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/search/vocabulary.h"

using namespace pipetrain;

TEST_CASE("The JSON of a schedule has its figures and its actions") {
  const Schedule schedule = generate("1f1b", 4, 1, 8);
  const auto json = schedule_json("1f1b", schedule, equal_costs(schedule, 1, 1, 1));
  CHECK(json["makespan"] == 33);
  CHECK(json["makespan_gradients_first"] == 30);
  CHECK(json["bubble_fraction"].get<double>() == Approx(0.2727).margin(1e-4));
  CHECK(json["peak_live_microbatches"] == std::vector<double>{4, 3, 2, 1});
  CHECK(json["ranks"].size() == 4);
  CHECK(json["ranks"][3][1] == "3B0");
  CHECK(json["spans"].size() == 4);
  CHECK(json["spans"][3][1] == nlohmann::ordered_json({"3I0", 4.0, 5.0}));
  CHECK_FALSE(json.contains("vocabulary"));
  for (const VocabularyPlace place : {VocabularyPlace::kParallel, VocabularyPlace::kVocab1}) {
    const Schedule pieces = with_vocabulary(schedule, place);
    Costs costs = equal_costs(schedule, 1, 1, 1);
    costs.pieces.assign(4, {1, 1});
    CHECK(schedule_json("1f1b", pieces, costs)["vocabulary"] == name_of(kVocabularyPlaces, place));
  }
}
