// The model of a configuration as an emulation, cut and scheduled as training would. It must not
// know MPI or where the result is printed.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "emulate/emulator.h"
#include "schedule/simulate/network_text.h"
#include "setup/startup.h"

namespace pipetrain {

// What an emulation is told of its schedule; 0 and empty: nothing.
struct EmulationFlags {
  std::string schedule, placement, vocabulary;
  int microbatches = 0, virtual_stages = 0, slices = 0;
  double live_microbatches = 0;
};

// The flags as "key.path=value": they win over the configuration's file, as in training.
std::vector<std::string> overrides_of(const EmulationFlags& flags);

// Collective, on all ranks of `world`. As emulation_json, with the model's `partition`; and the
// same for the `uniform` partition, if it is another one. What is wrong on any rank makes all
// leave, as agree() does.
nlohmann::ordered_json emulate_model(const Startup& started, Emulator& emulator, Collective& world,
                                     const NetworkAsked& asked = {});

}  // namespace pipetrain
