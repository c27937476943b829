#include "emulation_printer.h"

#include <utility>

#include "comm/mpi/launch.h"
#include "emulate/emulation_report.h"

namespace pipetrain {

void EmulationPrinter::add(nlohmann::ordered_json emulation) {
  if (!json_ && !table_) print(emulation_text(emulation));
  if (!json_ && table_) {
    if (emulations_.empty()) print(emulation_table_head(emulation));
    print(emulation_table_row(emulation));
  }
  emulations_.push_back(std::move(emulation));
}

void EmulationPrinter::add_missing(const std::string& schedule, const std::string& reason) {
  missing_.push_back({{"schedule", schedule}, {"reason", reason}});
}

void EmulationPrinter::finish() const {
  if (json_) {
    const nlohmann::ordered_json table = {{"schedules", emulations_}, {"left_out", missing_}};
    return print((table_ ? table : emulations_.front()).dump(2) + "\n");
  }
  for (const auto& left_out : missing_) {
    print("left out: " + left_out.at("reason").get<std::string>() + "\n");
  }
}

void EmulationPrinter::print(const std::string& text) const {
  if (prints_) write_output_through_mpirun(text);
}

}  // namespace pipetrain
