#include "setup/run_program.h"

#include "schedule/generate/evaluation_program.h"

namespace pipetrain {

bool shards_parameters(const Config& config) {
  return config.parallel.data > 1 && config.parallel.shard == Shard::kParameters;
}

Program training_program(const Config& config, const Layout& layout) {
  return program_of(layout.schedule,
                    {.recomputes = recomputing_stages(layout.recomputed, layout.partition),
                     .shards_parameters = shards_parameters(config)});
}

Program evaluation_program(const Config& config, const Layout& layout, int microbatches) {
  return evaluation_program(layout.schedule, microbatches, shards_parameters(config));
}

}  // namespace pipetrain
