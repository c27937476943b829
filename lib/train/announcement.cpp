#include "train/announcement.h"

#include <string>

#include "ops/ops.h"
#include "setup/grid_text.h"
#include "setup/memory_table.h"
#include "train/summary.h"

namespace pipetrain {

std::vector<LogLine> announcement(const Config& config, const World& world, const Source& source,
                                  const PipelineRank& pipeline) {
  std::vector<LogLine> lines;
  const auto add = [&](const std::string& text) { lines.push_back({.text = text}); };
  const auto add_all = [&](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) add(text);
  };
  add(world.text());
  add_all(grid_lines(pipeline.map.grid(), world));
  if (config.parallel.shard != Shard::kNone && pipeline.map.replicas() == 1) {
    add("parallel.shard " + name_of(kShards, config.parallel.shard) +
        " has no effect: parallel.data is 1");
  }
  add("computes with " + instruction_set_description());
  if (world.oversubscribed()) {
    lines.push_back(
        {spdlog::level::warn,
         "threads outnumber cores: ranks take turns, so times and bubbles are not those "
         "of one rank per core; " +
             world.cure()});
  }
  add("data: " + source.description());
  add_all(describe_layout(pipeline, config.pipeline.schedule));
  if (config.pipeline.delay > 0) {
    add(std::string(
            "delay: a step's gradients are of the weights that the step before began with") +
        (pipeline.runner.overlaps() ? ", and steps overlap" : "") +
        "; evaluations and checkpoints are of the newest weights");
  }
  if (config.pipeline.post_validation) {
    add(pipeline.runner.updates_early()
            ? "post-validation: updates do not wait for the gradient's norm; where it clips they "
              "are taken back, with the same bits"
            : "post-validation has no effect: there is one rank, which waits for nobody");
  }
  add_all(memory_table(pipeline.layout.memory));
  return lines;
}

}  // namespace pipetrain
