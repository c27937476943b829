// One rank of a pipeline whose stages wait instead of computing: everything else (engine, messages,
// coordinator) is what training uses. It must not know MPI or what its times stand for.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "comm/mailbox.h"
#include "data/coordinator.h"
#include "data/formats/synthetic_source.h"
#include "emulate/wait_layer.h"
#include "nn/sequence_slices.h"
#include "pipeline/engine.h"
#include "pipeline/one_replica.h"
#include "pipeline/parameter_store.h"
#include "schedule/program.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// What the ranks execute. Where the vocabulary is over the pipeline, so is the embedding's table,
// whose look-up takes no time but that of its messages.
Program emulated_program(const Schedule& schedule, const Costs& costs);

class EmulatedRank {
 public:
  // `message_bytes`, a multiple of 4, is what one microbatch's activation or gradient takes between
  // two stages.
  // `lanes`: steps that may be under way at once, each with stages of its own.
  EmulatedRank(const Program& program, const Costs& costs, std::int64_t message_bytes,
               Mailbox& mailbox, MemoryPool& pool, int lanes = 1);

  void feed(std::int64_t step);  // before run(), one step ahead
  void run(std::int64_t step);   // on all ranks
  const Recorder& recorder() const { return recorder_; }
  // See Engine.
  double take_peak_live_microbatches() { return engines_[0]->take_peak_live_microbatches(); }

  // What runs steps that overlap; of as many lanes.
  StepContext context(std::int64_t step) const;
  const std::vector<Action>& actions() const { return actions_; }
  std::vector<Engine*> engines();
  Recorder& recorder() { return recorder_; }

 private:
  std::vector<Stage*> add_stages(const Program& program, const Costs& costs,
                                 std::int64_t message_bytes, int rank);
  // `ends`: the loss follows.
  Stage* add_stage(int number, const WaitStageShape& shape, const StageCost& cost, bool ends);

  int microbatches_, copies_;
  SequenceSlices slices_;
  std::vector<Action> actions_;
  Ops ops_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<std::unique_ptr<Stage>> stages_;
  WholeParameters no_parameters_;
  OneReplica reducer_;
  WholeWeights weights_;
  std::vector<std::unique_ptr<Engine>> engines_;  // one for each lane
  SyntheticSource source_;
  std::unique_ptr<Coordinator> coordinator_;  // on rank 0
  Recorder recorder_;
};

}  // namespace pipetrain
