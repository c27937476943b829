// One rank of a pipeline, ready to run: what it has and what runs it, made one after the other. It
// must not know files, logging, MPI or how data are read.
#pragma once

#include <memory>
#include <optional>

#include "comm/grid_links.h"
#include "config/config.h"
#include "data/coordinator.h"
#include "data/source.h"
#include "setup/batches.h"
#include "setup/layout.h"
#include "setup/rank_map.h"
#include "setup/rank_state.h"
#include "setup/step_runner.h"

namespace pipetrain {

struct PipelineRank {
  // Collective. `config`, `model` and what `links` names outlive it. For kEvaluate it can only
  // evaluate, once the values of a checkpoint are read. A layout that was `chosen` before, with
  // room for it, is taken; else one is chosen.
  PipelineRank(const Config& config, const ModelSetup& model, const GridLinks& links,
               MemoryPool& pool, Mode mode = Mode::kTrain,
               std::optional<Layout> chosen = std::nullopt);
  PipelineRank(const PipelineRank&) = delete;
  PipelineRank& operator=(const PipelineRank&) = delete;

  const Layout layout;
  const RankMap map;
  const Batches batches;
  const std::unique_ptr<RankState> other_state;  // with pipeline.delay 1
  RankState state;
  RankVersions versions;  // of the weights: of both states
  StepRunner runner;
};

// For the rank that coordinates; `source` outlives it.
std::unique_ptr<Coordinator> make_coordinator(const Source& source, const PipelineRank& pipeline,
                                              Mailbox& mailbox, MemoryPool& pool);

}  // namespace pipetrain
