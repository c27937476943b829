// Writes a run's checkpoints, beside the training if that is wanted, and keeps as many as are asked
// for. It must not know when one is due, what its tensors mean, or MPI.
//
// A checkpoint has three parts: rank 0 makes the folder; every rank writes its file; rank 0 adds
// the manifest, gives the folder its name and removes old ones. Each part is a thread's, and
// between them the ranks meet in advance().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "comm/collective.h"
#include "config/config.h"
#include "tensor/tensor.h"

namespace pipetrain {

class RunCheckpoints {
 public:
  // Collective calls go over `world`. Below train.output: checkpoints/step-00000500. `why_gone`, on
  // rank 0: why nothing may be written there any more; empty: it may. Null elsewhere.
  RunCheckpoints(const TrainConfig& config, Collective& world, MemoryPool& pool,
                 std::function<std::string()> why_gone = {});
  ~RunCheckpoints();  // an unfinished one stays unfinished
  RunCheckpoints(const RunCheckpoints&) = delete;
  RunCheckpoints& operator=(const RunCheckpoints&) = delete;

  // On rank 0, while none is being written: sets those of this step and later aside. Where they
  // are.
  std::vector<std::string> set_aside_from(std::int64_t step) const;
  // Takes the memory for copies of the tensors, so that no checkpoint has to.
  void reserve(const std::vector<CheckpointTensor>& tensors) { copied(tensors); }

  std::size_t copies_bytes() const { return copies_.bytes(); }  // of that memory

  struct Contents {
    TrainingPosition position;
    std::vector<CheckpointTensor> tensors;    // that this rank writes; maybe none
    std::string tokenizer_json, config_yaml;  // of rank 0
    std::function<void()> first = {};         // of rank 0, in its thread: what must be on the disk
  };
  // Collective. Completes an earlier one first. In the background, if checkpoint_background is
  // set, the tensors are copied and written while training goes on; else all is done on return.
  // What fails is an Error(kCheckpoint) on every rank, or a warning, as train.on_write_error says;
  // always an error where the run directory is gone.
  // Returns whether it is on the disk, or on its way.
  bool write(Contents contents, bool in_background);

  bool pending() const {
    return pending_.has_value();
  }  // begun, not complete; the same on all ranks
  bool working() const { return working_; }  // this rank is still at its part
  // Collective, if one is pending: ends the part of all ranks, however long that takes, and begins
  // the next or is complete.
  void advance();
  void complete();  // all parts
  // Collective. What a run that ends now, and has written nothing, can go on from, in words.
  std::string what_is_left();

 private:
  struct Pending {
    Contents contents;
    bool beside = false;
    int parts_done = 0;
    double started = 0, stalled = 0;  // when, and for how long training waited; seconds
  };

  std::int64_t step() const { return pending_->contents.position.step; }
  std::vector<CheckpointTensor> copied(const std::vector<CheckpointTensor>& tensors);
  void begin(std::function<void()> part);
  void end_part();
  void end_all_parts();
  void write_file();
  void finish(const std::vector<std::string>& lists);
  void say_done() const;
  std::string gone() const { return why_gone_ ? why_gone_() : ""; }
  // Collective. Whether no rank has anything to say; else says it, as train.on_write_error wants,
  // and gives the checkpoint up.
  bool went_well(const std::string& error, std::int64_t step);

  const TrainConfig& config_;
  Collective& world_;
  MemoryPool& pool_;
  std::function<std::string()> why_gone_;
  std::string folder_;
  Tensor copies_;
  std::optional<Pending> pending_;
  std::thread thread_;
  std::atomic<bool> working_ = false;
  // Of this rank's part; the thread's until it has ended.
  LargestFile largest_;
  std::string list_, error_, not_removed_, not_linked_;
  bool failed_ = false;  // the last one
};

}  // namespace pipetrain
