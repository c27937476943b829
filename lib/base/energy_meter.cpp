#include "base/energy_meter.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

namespace pipetrain {
namespace {

std::optional<double> number_in(const std::string& file) {
  double number = 0;
  if (std::ifstream(file) >> number) return number;
  return std::nullopt;
}

// "intel-rapl:0" is a package, on AMD's processors, too; "intel-rapl:0:1" a part of it.
bool is_package(const std::string& name) {
  return name.starts_with("intel-rapl:") && std::count(name.begin(), name.end(), ':') == 1;
}

}  // namespace

EnergyMeter::EnergyMeter(const std::string& folder) {
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  missing_ = "no " + folder + "/intel-rapl:* (common on virtual machines)";
  if (error) return;
  for (const auto& entry : entries) {
    if (!is_package(entry.path().filename().string())) continue;
    const std::string file = (entry.path() / "energy_uj").string();
    const std::optional<double> now = number_in(file);
    if (!now) {
      packages_.clear();
      missing_ = file + " may not be read; often only root may";
      return;
    }
    const auto range = number_in((entry.path() / "max_energy_range_uj").string());
    packages_.push_back({file, *now, range.value_or(0)});
  }
  if (!packages_.empty()) missing_.clear();
}

double EnergyMeter::take_joules() {
  double microjoules = 0;
  for (Package& package : packages_) {
    const double now = number_in(package.file).value_or(package.microjoules);
    microjoules += now - package.microjoules + (now < package.microjoules ? package.range : 0);
    package.microjoules = now;
  }
  return 1e-6 * microjoules;
}

}  // namespace pipetrain
