// The shape of every batch of a run: its rows, and how replicas and microbatches share them out. It
// must not know tensors, messages or where rows come from.
#pragma once

#include <cstdint>
#include <vector>

#include "data/coordinator.h"
#include "data/epochs.h"
#include "pipeline/stage.h"
#include "tensor/shape.h"

namespace pipetrain {

// The rows of each microbatch of one replica, in order.
std::vector<std::int64_t> microbatch_rows(const StepContext& step);

// Which copy of the stages each of them passes through; empty where there is one.
std::vector<int> microbatch_copies(const StepContext& step);

// As one replica sees them.
class Batches {
 public:
  // `target_row` without the batch: (T), or () where a row has one label. `copies` of every stage
  // take part in training; evaluations pass through the first ones.
  Batches(const Epochs& epochs, std::uint64_t seed, int replicas, int replica, int microbatches,
          const Shape& target_row, bool documents = false, int copies = 1,
          SequenceSlices slices = {});

  StepContext training_step(std::int64_t step) const;
  // Of an evaluation's last batch a replica may have no row, and nothing to do.
  StepContext evaluation_step(std::int64_t batch, std::int64_t rows) const;
  // What the coordinator feeds for it, to all replicas; an evaluation's batch begins at `first_row`
  // of the validation split.
  BatchRows batch_rows(const StepContext& step, std::int64_t first_row = 0) const;

  const Epochs& epochs() const { return epochs_; }
  const Shape& target_row() const { return target_row_; }
  std::int64_t targets_per_row() const { return target_row_.elements(); }
  bool documents() const { return documents_; }                // of a row do not see each other
  bool classifies() const { return target_row_.rank() == 0; }  // one label a row
  // What a rate counts: targets.
  const char* rate_unit() const { return classifies() ? "samples" : "tokens"; }

 private:
  StepContext of_replica(StepContext step, int replica) const;

  Epochs epochs_;
  std::uint64_t seed_;
  int replicas_, replica_, microbatches_;
  Shape target_row_;
  bool documents_;  // of a row do not see each other
  int copies_;
  SequenceSlices slices_;  // in training
};

}  // namespace pipetrain
