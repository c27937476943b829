// A configuration, then the model and the schedule that it asks for: a small file must not ask for
// gigabytes or minutes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "config/config.h"
#include "data/formats/formats.h"
#include "fuzz/input.h"
#include "nn/layers/model.h"
#include "nn/presets/presets.h"
#include "setup/layout.h"

using namespace pipetrain;

namespace {

constexpr int kRanks = 2;

DataShape shape_for(const Config& config) {
  const std::int64_t context = std::max<std::int64_t>(configured_context(config.model), 1);
  const std::int64_t length = config.data.sequence_length;
  DataShape shape{.row = {length > 0 ? length : context}, .vocabulary = 100, .classes = 10};
  if (gives_images(config.data)) shape = {{32, 32, 3}, DType::kFloat32, 0, 10};
  return shape;
}

// What a run writes down is read by the next one, so it may not be refused.
void check_resolved(const Config& config) {
  const std::string text = resolved_yaml(config);
  const fuzz::MemoryFile file(text);
  std::string again;
  const bool read = fuzz::read_or_refuse([&] { again = resolved_yaml(load_config(file.path())); });
  fuzz::require(read && again == text, "a resolved configuration reads back as it was");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile file(fuzz::Input(data, size));
  Config config;
  if (!fuzz::read_or_refuse([&] { config = load_config(file.path()); })) return 0;
  check_resolved(config);
  if (config.pipeline.schedule.ends_with(".csv")) return 0;  // another file
  fuzz::read_or_refuse(
      [&] { set_up_model(config, {.data = shape_for(config), .stage_ranks = kRanks}); });
  return 0;
}
