// What a run says of itself before its first step. Text only; it must not know where it is printed.
#pragma once

#include <spdlog/common.h>

#include <string>
#include <vector>

#include "config/config.h"
#include "data/source.h"
#include "setup/pipeline_rank.h"
#include "setup/world.h"

namespace pipetrain {

struct LogLine {
  spdlog::level::level_enum level = spdlog::level::info;
  std::string text;
};

// The ranks and their processors, the data, the model and how it is cut, and the memory foreseen.
std::vector<LogLine> announcement(const Config& config, const World& world, const Source& source,
                                  const PipelineRank& pipeline);

}  // namespace pipetrain
