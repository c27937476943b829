// Writes a run's checkpoints, beside the training if that is wanted, and keeps as many as are asked
// for. It must not know when one is due, what its tensors mean, or MPI.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "comm/collective.h"
#include "tensor/tensor.h"
#include "train/config.h"

namespace pipetrain {

class RunCheckpoints {
 public:
  // Collective calls go over `world`. Below train.output: checkpoints/step-00000500.
  RunCheckpoints(const TrainConfig& config, Collective& world, MemoryPool& pool);
  ~RunCheckpoints();  // an unfinished one stays unfinished
  RunCheckpoints(const RunCheckpoints&) = delete;
  RunCheckpoints& operator=(const RunCheckpoints&) = delete;

  // On rank 0, before any is written: see checkpoint_list.h.
  std::vector<std::int64_t> set_aside_newer(std::int64_t step) const;

  struct Contents {
    TrainingPosition position;
    std::vector<CheckpointTensor> tensors;    // that this rank writes; maybe none
    std::string tokenizer_json, config_yaml;  // of rank 0
  };
  // Collective. Completes an earlier one first. In the background, if train.checkpoint_background
  // allows it, the tensors are copied (the copy's memory is kept for the next one) and written
  // while training goes on; else all is done on return. What fails is an Error(kCheckpoint) on
  // every rank, or a warning, as train.on_write_error says.
  void write(const Contents& contents, bool in_background);

  bool pending() const {
    return pending_.has_value();
  }  // begun, not complete; the same on all ranks
  bool writing() const { return pending() && !written_; }  // this rank is still at it
  // Collective, if one is pending: waits until every rank has written, and gives it its name.
  void complete();

 private:
  struct Pending {
    TrainingPosition position;
    std::string tokenizer_json, config_yaml;
    double started = 0, stalled = 0;  // when, and for how long training waited; seconds
  };

  std::vector<CheckpointTensor> copied(const std::vector<CheckpointTensor>& tensors);
  void write_mine(std::int64_t step, const std::vector<CheckpointTensor>& tensors);
  void join();
  std::string finish(const std::vector<std::string>& lists);  // on rank 0; why not, or nothing
  // Collective. Whether no rank has anything to say; else says it, as train.on_write_error wants.
  bool went_well(const std::string& error);

  const TrainConfig& config_;
  Collective& world_;
  MemoryPool& pool_;
  std::string folder_;
  Tensor copies_;
  std::optional<Pending> pending_;
  std::thread thread_;
  std::atomic<bool> written_ = false;
  std::string list_, error_;  // of this rank's file; the thread's until it has ended
};

}  // namespace pipetrain
