// Whether configuration, data, grid and threads fit together, and what is run if they do: decided
// by every rank for itself, before any talks to another about the run. It must not know MPI, the
// command line or what is run afterwards.
#pragma once

#include <cstdint>
#include <string>

#include "comm/collective.h"
#include "comm/grid.h"
#include "config/config.h"
#include "data/source.h"
#include "setup/layout.h"
#include "setup/world.h"

namespace pipetrain {

// The grid of `ranks` ranks. Error(kConfiguration) for what does not run here, or not on so many.
Grid check_scope(const Config& config, int ranks);
// What is odd about products in bfloat16 here, if the configuration wants them; empty: nothing.
std::string bfloat16_warning(const Config& config);

// Sets the length of rows that the model implies, where the configuration leaves it open.
// Error(kConfiguration) if nothing says it.
void settle_sequence_length(Config& config);

// What all ranks know of the data.
struct DataFacts {
  DataShape shape;
  std::int64_t training_rows = 0;  // of an epoch; 0: rows are drawn without end
};
// Collective. `source` on rank 0, null elsewhere.
DataFacts share_data_facts(const Source* source, Collective& world);

// Of the validation split, what an evaluation goes through.
std::int64_t evaluation_rows(const TrainConfig& config, const Source& source);

// How much memory this rank may take: what `asked` says ("16GiB", from --memory-limit), or if it is
// empty the rank's share of the `free_bytes` of its host.
MemoryLimit memory_limit(const std::string& asked, const World& world, std::int64_t free_bytes);

// Error(kConfiguration) unless the ranks of each tensor-parallel group have the same number of
// threads: what they all compute has the same bits only then.
void check_tensor_groups(const Grid& grid, const World& world);
// Error(kConfiguration) unless model and data mean the same targets: one label a row, or one for
// each token.
void check_targets(const Source& source, const Layer& last);
// Error(kConfiguration) if documents in a row shall not see each other and a layer would let them.
void check_documents(const DataConfig& data, const ModelSetup& model);
// Sets config.train.steps where train.epochs decides it. Error(kConfiguration) if the training rows
// do not fill the microbatches of a step.
void settle_epochs(Config& config, const ModelSetup& model);

}  // namespace pipetrain
