// The energy that this machine's processors take, as they count it themselves (RAPL), where the
// system shows it below /sys/class/powercap. It must not know what they compute.
#pragma once

#include <string>
#include <vector>

namespace pipetrain {

class EnergyMeter {
 public:
  explicit EnergyMeter(const std::string& folder = "/sys/class/powercap");

  // Why nothing can be read; empty if it can.
  const std::string& missing() const { return missing_; }
  // Of all packages since the last call, or since this was made. To be called every minute: a
  // counter begins anew after that of its packages that is quickest.
  double take_joules();

 private:
  struct Package {
    std::string file;
    double microjoules, range;  // at the last call; where it begins anew
  };

  std::vector<Package> packages_;
  std::string missing_;
};

}  // namespace pipetrain
