#include "setup/run_program.h"

#include <algorithm>
#include <cstddef>

#include "schedule/generate/evaluation_program.h"
#include "tensor/precision.h"

namespace pipetrain {

bool shards_parameters(const Config& config) {
  return config.parallel.data > 1 && config.parallel.shard == Shard::kParameters;
}

Program training_program(const Config& config, const Layout& layout) {
  return program_of(layout.schedule,
                    {.recomputes = recomputing_stages(layout.recomputed, layout.partition),
                     .shards_parameters = shards_parameters(config),
                     .cuts_embedding = layout.cuts_embedding});
}

Program evaluation_program(const Config& config, const Layout& layout, int microbatches) {
  return evaluation_program(
      layout.schedule, microbatches,
      {.shards_parameters = shards_parameters(config), .cuts_embedding = layout.cuts_embedding});
}

std::int64_t largest_message_bytes(const Config& config, const ModelSetup& model,
                                   const Partition& partition) {
  std::int64_t row_bytes = sizeof(float);
  for (std::size_t s = 1; s < partition.size(); ++s) {
    const Layer& first = *model.layers[static_cast<std::size_t>(partition[s])];
    row_bytes = std::max(row_bytes, first.input_row().elements() *
                                        static_cast<std::int64_t>(element_bytes(message_dtype(
                                            first.input_dtype(), config.communication.precision))));
  }
  return row_bytes * microbatch_rows(config, model);
}

}  // namespace pipetrain
