#include "emulate/emulated_model.h"

#include <cstdint>
#include <memory>
#include <type_traits>

#include "base/error.h"
#include "comm/agree.h"
#include "schedule/simulate/figures.h"
#include "schedule/simulate/network.h"
#include "setup/layout.h"
#include "setup/run_program.h"

namespace pipetrain {
namespace {

[[noreturn]] void fail(const std::string& reason) { throw Error(ExitCode::kConfiguration, reason); }

void check_grid(const Grid& grid) {
  if (grid.data() > 1) fail("parallel.data: emulate runs a single pipeline; set it to 1");
  if (grid.tensor() > 1) fail("parallel.tensor: emulate runs whole layers; set it to 1");
}

// Without any the ranks that emulate count as alike, whatever each would compute.
std::vector<double> asked_speeds(const NetworkAsked& asked, int ranks) {
  if (asked.speeds.empty()) return {};
  std::vector<double> speeds = network_of({.speeds = asked.speeds}, 0, 1)->speeds;
  check_speeds(speeds, ranks);
  return speeds;
}

}  // namespace

std::vector<std::string> overrides_of(const EmulationFlags& flags) {
  std::vector<std::string> overrides;
  const auto set = [&](const std::string& key, const auto& value) {
    if (value == std::decay_t<decltype(value)>{}) return;
    overrides.push_back(key + "=" + nlohmann::json(value).dump());
  };
  set("pipeline.schedule", flags.schedule);
  set("pipeline.microbatches", flags.microbatches);
  set("pipeline.virtual_stages", flags.virtual_stages);
  set("pipeline.slices", flags.slices);
  set("pipeline.vocabulary", flags.vocabulary);
  if (!flags.placement.empty()) overrides.push_back("pipeline.placement=" + flags.placement);
  if (flags.live_microbatches > 0) {  // "2", not "2.0"
    overrides.push_back("pipeline.live_microbatches=" + short_number(flags.live_microbatches));
  }
  return overrides;
}

nlohmann::ordered_json emulate_model(const Startup& started, Emulator& emulator, Collective& world,
                                     const NetworkAsked& asked) {
  const ModelSetup& model = *started.model;
  agree(world, [&] { check_grid(started.grid); });
  const std::unique_ptr<Collective> collective = emulator.collective();
  std::vector<double> speeds;
  agree(world, [&] { speeds = asked_speeds(asked, model.ranks); });
  Layout layout = choose_layout(started.config, model, *collective, speeds);
  if (layout.layer_costs.empty()) {
    measure_layers(started.config, model, *collective, layout);
  }
  const std::int64_t message_bytes = largest_message_bytes(started.config, model, layout.partition);
  const double message = emulator.measure_messages(message_bytes);
  std::shared_ptr<const Network> network;
  const auto costs_with = [&](const Partition& partition) {
    Costs costs = costs_of(layout, partition);
    costs.message = message;
    costs.network = network;
    return costs;
  };
  agree(world, [&] {
    emulator.check_microbatches(layout.schedule);
    network = network_of(asked, static_cast<double>(message_bytes), /*unit_seconds=*/1);
    const Placement& placement = layout.schedule.placement;
    const Costs costs = costs_with(layout.partition);
    ways_of(at_rank_speeds(costs, placement), placement);
  });
  const auto emulate_cut = [&](const Partition& partition) {
    nlohmann::ordered_json emulation =
        emulator.run(started.config.pipeline.schedule, layout.schedule, costs_with(partition));
    emulation["partition"] = partition;
    return emulation;
  };
  nlohmann::ordered_json emulation = emulate_cut(layout.partition);
  // On the same costs, so that the two can be compared.
  const Partition uniform = uniform_partition(model.cut_layers(), model.stage_count());
  if (layout.partition != uniform) emulation["uniform"] = emulate_cut(uniform);
  return emulation;
}

}  // namespace pipetrain
