// Measures during a rank's timed steps what the roofline needs (train/roofline.h), and what the
// processor counts. It must not know how a report looks.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/energy_meter.h"
#include "base/hardware_counters.h"
#include "comm/collective.h"
#include "setup/pipeline_rank.h"
#include "setup/world.h"
#include "train/roofline.h"

namespace pipetrain {

class RooflineMeter {
 public:
  // Of this rank, whose threads all run by now.
  RooflineMeter(PipelineRank& pipeline, const World& world);

  void begin_step();
  void end_step();

  // Collective. roofline_report() of all steps, with counters {instructions, cycles, cache_misses}
  // of all ranks in one step, or counters_missing, why there are none; joules_per_step of all
  // hosts, or joules_missing.
  nlohmann::ordered_json report(const Roofs& roofs, Collective& collective) const;

 private:
  void log_into(WorkLog* log);

  PipelineRank& pipeline_;
  bool first_on_host_;  // the one that reads what its processors take
  WorkLog log_;
  HardwareCounters counters_;
  EnergyMeter energy_;
  double begun_ = 0, seconds_ = 0, waiting_seconds_ = 0, joules_ = 0;
  int steps_ = 0;
};

}  // namespace pipetrain
