#include "setup/layout.h"

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "comm/in_process.h"
#include "schedule/csv.h"
#include "schedule/generate/generate.h"
#include "setup/run_program.h"
#include "setup/seven_layers.h"

using namespace pipetrain;

namespace layout_test {

TEST_CASE("Each stage costs what it takes at the speed of its rank") {
  Layout layout;
  layout.schedule = generate("1f1b", 2, 1, 4);
  layout.partition = {0, 1};
  layout.layer_costs = {{1, 2, 3}, {1, 2, 3}};
  layout.speeds = {1, 0.5};
  const std::vector<StageCost> costs = costs_on_ranks(layout).stages;
  CHECK(costs[0].forward == 1);
  CHECK(costs[1].forward == 2);
  CHECK(costs[1].total() == 2 * costs[0].total());
  layout.speeds.clear();
  CHECK(costs_on_ranks(layout).stages[1].forward == 1);
}

TEST_CASE("All ranks have the schedule and the partition that rank 0 found") {
  constexpr int kRanks = 2;
  Config config = seven_layers();
  config.pipeline.schedule = "auto";
  config.pipeline.partition = PartitionRule::kAuto;
  std::vector<std::string> schedules(kRanks);
  std::vector<Partition> partitions(kRanks);
  InProcess group(kRanks, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int rank) {
    const ModelSetup model = set_up_on(config, kRanks);
    const auto world = group.collective(rank);
    const Layout layout = choose_layout(config, model, *world);
    schedules[static_cast<std::size_t>(rank)] = csv_of(layout.schedule);
    partitions[static_cast<std::size_t>(rank)] = layout.partition;
  });
  CHECK(!schedules[0].empty());
  CHECK(schedules[1] == schedules[0]);
  CHECK(is_partition(partitions[0], 7, kRanks));
  CHECK(partitions[1] == partitions[0]);
}

TEST_CASE("The largest message is a microbatch of the widest activation between two stages") {
  Config config = seven_layers();
  config.pipeline.microbatches = 2;
  CHECK(largest_message_bytes(config, set_up_on(config, 2), {0, 3}) == 4 * 4 * 8 * 4);
  CHECK(largest_message_bytes(config, set_up_on(config, 1), {0}) == 4 * 4);
}

TEST_CASE("Where messages are rounded they have half the bytes, and no clock decides on the cut") {
  Config config = seven_layers();
  config.pipeline.microbatches = 2;
  config.communication.precision = DType::kBFloat16;
  CHECK(largest_message_bytes(config, set_up_on(config, 2), {0, 3}) == 4 * 4 * 8 * 2);

  const auto layout_of = [&config](int ranks) {
    Layout layout;
    InProcess group(1, {.timeout_seconds = 30, .oversubscribed = true});
    group.run([&](int) {
      const auto world = group.collective(0);
      layout = choose_layout(config, set_up_on(config, ranks), *world);
    });
    return layout;
  };
  const Layout once = layout_of(2);
  CHECK(once.rounding_cut() == once.partition);
  REQUIRE(once.layer_costs.size() == 7);
  CHECK(once.layer_costs[1].forward == once.layer_costs[3].forward);  // two attentions
  CHECK(once.layer_costs[6].backward_weight > 0);
  CHECK(layout_of(1).rounding_cut().empty());  // one stage
  config.train.precision = DType::kBFloat16;
  CHECK(layout_of(2).rounding_cut().empty());
}

TEST_CASE("A rank that is told to be slow gets fewer layers") {
  Config config = seven_layers();
  config.model.depth = 8;
  config.pipeline.schedule = "1f1b";
  config.pipeline.partition = PartitionRule::kAuto;
  InProcess group(1, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int) {
    const ModelSetup model = set_up_on(config, 3);
    const auto world = group.collective(0);
    const std::vector<double> speeds{1, 0.25, 1};
    const Layout layout = choose_layout(config, model, *world, speeds);
    CHECK(layout.speeds == speeds);
    const Partition& cut = layout.partition;
    CHECK(cut[2] - cut[1] < cut[1]);
    CHECK(cut[2] - cut[1] < static_cast<int>(model.layers.size()) - cut[2]);
    CHECK(predicted_seconds(layout, cut) < predicted_seconds(layout, uniform_partition(19, 3)));
  });
}

}  // namespace layout_test
