// What a run says of itself when it starts, for run.json: program, ranks, layers, stages, memory
// foreseen. It must not know where that is written.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/manifest.h"
#include "setup/pipeline_rank.h"
#include "setup/world.h"

namespace pipetrain {

// What only the program knows.
struct ProgramFacts {
  std::vector<std::pair<std::string, std::string>> versions;  // "MPI" -> "Open MPI 4.1.4"
  std::vector<std::string> bindings;                          // of ranks to cores, on rank 0
};

// Of this rank, as JSON: to be gathered.
std::string rank_facts(const PipelineRank& pipeline);
// Of what each rank has said: that their instruction sets differ, and what that means. Empty: they
// do not.
std::string different_instructions(const std::vector<std::string>& ranks);

// `ranks`: what each has said.
nlohmann::ordered_json start_facts(const Config& config, const World& world,
                                   const ModelSetup& model, const PipelineRank& pipeline,
                                   const RunOrigin& origin, const ProgramFacts& program,
                                   const std::vector<std::string>& ranks);

}  // namespace pipetrain
