// A Network in the words of the command line, of a table, or of what `pipetrain doctor` has
// measured. It must not know who simulates with it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "schedule/simulate/network.h"

namespace pipetrain {

// As a user gives it; an empty text is one that is not given.
struct NetworkAsked {
  // "within=5us+10GB/s,between=50us+1GB/s,hosts=2", each of which may be left out: a way that is
  // not named takes no time. Or a file: rows FROM,TO,RATE or FROM,TO,RATE,NAME, which are for both
  // ways unless the other has a row of its own; or the JSON of `pipetrain doctor`, whose pairs
  // beyond neighbours are as the mean of those within a host or between two.
  std::string links;
  // "1,1,0.5,1", for each rank; or the JSON of `pipetrain doctor`: its products per second, by the
  // fastest rank's.
  std::string speeds;
  bool any() const { return !links.empty() || !speeds.empty(); }
};

// Nothing if nothing is asked for. Error(kConfiguration) names the option, or file and row.
std::shared_ptr<const Network> network_of(const NetworkAsked& asked, double message_bytes,
                                          double unit_seconds);

// "20us", "1GB/s" or "20us+1GB/s"; `where` begins the message of Error(kConfiguration).
LinkRate parse_link_rate(std::string_view text, const std::string& where);

// ", messages of 1024 bytes over links within=..., ranks at speeds 1, 0.5": for a list of costs.
std::string network_words(const Network* network);

}  // namespace pipetrain
