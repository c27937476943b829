// The options that say how ranks are linked and how fast each is. It must not know what is done
// with them.
#pragma once

#include <string>

#include "command.h"
#include "schedule/simulate/network_text.h"

namespace pipetrain {

constexpr int kDefaultMessageBytes = 1024, kMostMessageBytes = 1 << 30;

// `remark` ends the help of --links.
inline void add_network_options(CLI::App& command, NetworkAsked& asked, const std::string& remark) {
  command
      .add_option("--links", asked.links, "within=RATE,between=RATE,hosts=N, or a file; " + remark)
      ->option_text("LINKS");
  command.add_option("--speeds", asked.speeds, "of each rank, 1,1,0.5,1 say; or doctor's JSON")
      ->option_text("LIST");
}

}  // namespace pipetrain
