#include "base/energy_meter.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "catch.h"

using namespace pipetrain;

namespace {

// As below /sys/class/powercap; removed at the end.
class Powercap {
 public:
  Powercap() { std::filesystem::create_directories(root_); }
  ~Powercap() { std::filesystem::remove_all(root_); }
  void write(const std::string& zone, const std::string& file, const std::string& text) const {
    std::filesystem::create_directories(root_ / zone);
    std::ofstream(root_ / zone / file) << text << "\n";
  }
  std::string path() const { return root_.string(); }

 private:
  std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("pipetrain_powercap_" + std::to_string(getpid()));
};

}  // namespace

TEST_CASE("Joules are those of all packages since the last call, also when a counter begins anew") {
  const Powercap powercap;
  powercap.write("intel-rapl:0", "energy_uj", "1000000");
  powercap.write("intel-rapl:0", "max_energy_range_uj", "9000000");
  powercap.write("intel-rapl:1", "energy_uj", "500000");
  powercap.write("intel-rapl:0:0", "energy_uj", "700000");  // a part of package 0
  powercap.write("intel-rapl", "enabled", "1");
  EnergyMeter meter(powercap.path());
  CHECK(meter.missing().empty());
  CHECK(meter.take_joules() == 0);
  powercap.write("intel-rapl:0", "energy_uj", "4000000");
  powercap.write("intel-rapl:1", "energy_uj", "750000");
  powercap.write("intel-rapl:0:0", "energy_uj", "900000");
  CHECK(meter.take_joules() == Approx(3.25));
  CHECK(meter.take_joules() == 0);
  powercap.write("intel-rapl:0", "energy_uj", "1000000");
  CHECK(meter.take_joules() == Approx(6));
}

TEST_CASE("A machine without counters of energy, or that keeps them from users, says so") {
  const Powercap powercap;
  CHECK(contains(EnergyMeter(powercap.path() + "/none").missing(), "intel-rapl"));
  CHECK(contains(EnergyMeter(powercap.path()).missing(), "intel-rapl"));
  CHECK(EnergyMeter(powercap.path()).take_joules() == 0);
  powercap.write("intel-rapl:0", "name", "package-0");
  CHECK(contains(EnergyMeter(powercap.path()).missing(), "may not be read"));
}
