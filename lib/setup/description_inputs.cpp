#include "setup/description_inputs.h"

#include <algorithm>
#include <cstdint>

#include "data/formats/formats.h"
#include "nn/presets/presets.h"
#include "schedule/generate/generate.h"
#include "setup/layout.h"

namespace pipetrain {

DataShape configured_data_shape(const Config& config) {
  const DataConfig& data = config.data;
  const std::int64_t vocabulary = configured_vocabulary(config.model);
  if (vocabulary > 0 && reads_files(data) && !gives_labels(data)) {
    return {.row = {data.sequence_length}, .vocabulary = vocabulary, .classes = vocabulary};
  }
  return data_shape_of(
      *open_source(data, data.sequence_length, config.train.seed, static_cast<int>(vocabulary)));
}

int configured_ranks(const Config& config) {
  const PipelineConfig& pipeline = config.pipeline;
  if (!pipeline.placement.stages.empty()) {
    const int ranks = static_cast<int>(pipeline.placement.stages.size());
    return ranks * config.parallel.data * config.parallel.tensor;
  }
  const bool table = pipeline.schedule.ends_with(".csv");
  const int stages_per_rank = pipeline.virtual_stages > 0 ? pipeline.virtual_stages
                              : table                     ? 1
                                      : default_virtual_stages(pipeline.schedule);
  const int places = std::max(1, static_cast<int>(pipeline.first_layers.size()) / stages_per_rank);
  return places * config.parallel.data * config.parallel.tensor;
}

}  // namespace pipetrain
