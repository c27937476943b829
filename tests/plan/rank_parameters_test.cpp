#include "plan/rank_parameters.h"

#include <cstdint>
#include <vector>

#include "catch.h"
#include "made_up.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

TEST_CASE("A tied parameter counts on both ranks, and once where both uses are on one") {
  PlanInputs inputs = MadeUp{.layers = 4}.inputs();
  inputs.model.layers[3].parameters[0].name = inputs.model.layers[0].parameters[0].name;
  const auto apart = rank_parameters(inputs.model, generate("1f1b", 2, 1, 2), {0, 2});
  CHECK(apart[0].elements() == 10);
  CHECK(apart[1].elements() == 10);
  REQUIRE((apart[0].exchanged.size() == 1 && apart[1].exchanged.size() == 1));
  CHECK(apart[0].exchanged[0].elements == 5);
  CHECK(apart[0].exchanged[0].earlier);
  CHECK(!apart[1].exchanged[0].earlier);
  CHECK(apart[0].earlier_gradients == std::vector<std::int64_t>{5});
  CHECK(apart[1].earlier_gradients.empty());
  const auto together = rank_parameters(inputs.model, generate("1f1b", 1, 1, 2), {0});
  CHECK(together[0].elements() == 15);
  CHECK(together[0].exchanged.empty());
}

TEST_CASE("Of a table that is looked up, a step sends the rows that it may have touched") {
  const ExchangedParameter table{
      .elements = 60, .earlier = true, .row_elements = 6, .ids_per_input = 2};
  CHECK(table.touched_rows(3, 1) == 6);
  CHECK(table.touched_rows(100, 1) == 10);  // there are no more
  CHECK(table.earlier_bytes(3, 1) == 6 * (4 + 4 * 6));
  CHECK(table.touched_rows(3, 2) == 0);  // other replicas touch others
  CHECK(table.earlier_bytes(3, 2) == 4 * 30);
  CHECK(ExchangedParameter{.elements = 60}.earlier_bytes(3, 1) == 4 * 60);
}

TEST_CASE("Each stage has the parameters and buffers of its layers, the last stage to the end") {
  PlanInputs inputs = MadeUp{.layers = 5}.inputs();
  inputs.model.layers[4].buffer_elements = 7;
  inputs.model.layers[1].parameters.clear();
  const auto ranks = rank_parameters(inputs.model, generate("interleaved", 2, 2, 2), {0, 1, 2, 3});
  CHECK(ranks[0].stage_elements == std::vector<std::int64_t>{5, 5});
  CHECK(ranks[1].stage_elements == std::vector<std::int64_t>{0, 10});
  CHECK(ranks[1].stage_buffers == std::vector<std::int64_t>{0, 7});
  CHECK(ranks[1].layers == std::vector<std::int64_t>{5, 5});  // not the one without parameters
  CHECK(ranks[1].elements() == 10);
}

TEST_CASE("A weight tied between two stages of one rank is there once, or in each if sharded") {
  PlanInputs inputs = MadeUp{.layers = 4}.inputs();
  inputs.model.layers[2].parameters[0].name = inputs.model.layers[0].parameters[0].name;
  const Schedule schedule = generate("interleaved", 2, 2, 2);
  for (const bool sharded : {false, true}) {
    const auto ranks = rank_parameters(inputs.model, schedule, {0, 1, 2, 3}, sharded);
    CHECK(ranks[0].stage_elements == std::vector<std::int64_t>{5, sharded ? 5 : 0});
    CHECK(ranks[0].exchanged.empty());
    CHECK(ranks[0].earlier_gradients == std::vector<std::int64_t>{5});
    CHECK(ranks[0].layers == std::vector<std::int64_t>{5, 5});
  }
}
