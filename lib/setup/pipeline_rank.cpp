#include "setup/pipeline_rank.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "setup/memory_forecast.h"

namespace pipetrain {
namespace {

// Error(kConfiguration) if what is to be trained will not fit.
Layout choose_fitting_layout(const Config& config, const ModelSetup& model, const GridLinks& links,
                             Mode mode) {
  Layout layout = choose_layout(config, model, links.world);
  if (mode == Mode::kTrain) {
    require_room(layout.memory, model.memory_limit, links.grid, links.world);
  }
  return layout;
}

// Made first: the moments of the other one take the place of those that it gives back.
std::unique_ptr<RankState> make_other_state(const Config& config, const ModelSetup& model,
                                            const Layout& layout, const RankMap& map,
                                            const GridLinks& links, MemoryPool& pool, Mode mode) {
  if (mode != Mode::kTrain || config.pipeline.delay == 0) return nullptr;
  return std::make_unique<RankState>(config, model, layout, map, links.tensor, pool, mode,
                                     Version::kSecond);
}

Epochs epochs_of(const Config& config, const ModelSetup& model, const Layout& layout) {
  return {model.training_rows, config.train.batch_size,
          std::int64_t{layout.schedule.microbatches} * config.parallel.data};
}

}  // namespace

PipelineRank::PipelineRank(const Config& config, const ModelSetup& model, const GridLinks& links,
                           MemoryPool& pool, Mode mode, std::optional<Layout> chosen)
    : layout(chosen ? std::move(*chosen) : choose_fitting_layout(config, model, links, mode)),
      map(links.grid, links.world.rank(), layout.schedule, layout.cuts_embedding),
      batches(epochs_of(config, model, layout), config.train.seed, links.grid.data(),
              map.position().data, layout.schedule.microbatches,
              model.layers.back()->output_row().without_last(), config.data.separate(),
              layout.schedule.placement.copies(), model.slices),
      other_state(make_other_state(config, model, layout, map, links, pool, mode)),
      state(config, model, layout, map, links.tensor, pool, mode),
      versions(state, other_state.get()),
      runner(config, layout, batches, versions, links, pool, mode) {}

std::unique_ptr<Coordinator> make_coordinator(const Source& source, const PipelineRank& pipeline,
                                              Mailbox& mailbox, MemoryPool& pool) {
  const RankMap& map = pipeline.map;
  return std::make_unique<Coordinator>(
      source, mailbox, pool, map.ends(pipeline.batches.documents()), map.stage_count() - 1);
}

}  // namespace pipetrain
