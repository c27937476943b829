// What of a rank outlasts a step, and all that checkpoints need: its stages, their parameters or
// shards of them, and the optimizer. It must not know messages, actions or how a step is run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "comm/collective.h"
#include "config/config.h"
#include "optim/optimizer.h"
#include "pipeline/parameter_store.h"
#include "pipeline/shards.h"
#include "pipeline/stage.h"
#include "pipeline/step_figures.h"
#include "schedule/message_bounds.h"
#include "setup/layout.h"
#include "setup/rank_map.h"

namespace pipetrain {

// Which of the model's layers hold the weights: the second ones are there with pipeline.delay 1.
enum class Version : std::uint8_t { kFirst, kSecond };

class RankState {
 public:
  // `config`, `model`, `map` and `tensor_group` outlive it. For kEvaluate it has neither gradients
  // nor an optimizer, and no values until a checkpoint's are read. kSecond has no moments, but
  // those of kFirst by turns (RankVersions).
  RankState(const Config& config, const ModelSetup& model, const Layout& layout, const RankMap& map,
            Collective& tensor_group, MemoryPool& pool, Mode mode,
            Version version = Version::kFirst);

  const RankMap& map() const { return map_; }
  bool shards_optimizer() const;     // each replica updates its share
  bool shards_parameters() const;    // and keeps nothing else of the weights
  std::int64_t step_inputs() const;  // entries of the inputs of a step's batch
  // Of the model, and behind those that are cut into stages the rank's pieces of the vocabulary.
  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }
  std::size_t cut_layers() const { return layers_.size() - pieces_of_vocabulary_; }
  const ParameterIndex& index() const { return index_; }
  const std::vector<std::unique_ptr<Stage>>& stages() const { return stages_; }
  // Behind the rank's stages its pieces of the vocabulary, if that is over the pipeline.
  bool is_piece(const Stage& stage) const { return stage.index() >= map_.stage_count(); }
  ParameterStore& parameters() { return *parameters_; }
  // Of each of the rank's stages how it is cut for the replicas, and the pieces of this one.
  const std::vector<std::vector<Bucket>>& buckets() const { return buckets_; }
  const std::vector<std::vector<Piece>>& pieces() const { return pieces_; }
  // Of each of the rank's stages what the optimizer updates here, in the order of its moments.
  const std::vector<std::vector<Piece>>& updated_pieces() const { return updated_pieces_; }
  Optimizer& optimizer() { return *optimizer_; }
  std::vector<Tensor*> overwritten_by_update();  // values, buffers and moments
  Ops& ops() { return ops_; }

  // The chunks of gradients of which this replica has the sum, and that no other rank of the tensor
  // group has, as (first, count); and the sum of squares of each of them, into a step's figures.
  std::vector<std::pair<std::int64_t, std::int64_t>> own_chunks() const;
  void sum_squares(StepFigures& figures);
  // Memory for so many sends of microbatches of each of these sizes.
  void reserve_for_sends(const std::set<std::int64_t>& rows, const StepContext& step,
                         const MessageBound& most);
  // And of batches like this one's: the first ranks may be kEvaluationBatches ahead of the last.
  void reserve_for_evaluation(const StepContext& step);

 private:
  StageLayers build_stages(const Layout& layout, Collective& tensor_group);
  void build_parameters(const StageLayers& layers, const Partition& partition, Mode mode);
  void build_optimizer();

  const Config& config_;
  const RankMap& map_;
  const std::vector<std::unique_ptr<Layer>>& layers_;
  std::size_t pieces_of_vocabulary_;
  std::int64_t row_inputs_;  // entries of a row of the batch
  Ops ops_;
  ParameterIndex index_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::unique_ptr<ParameterStore> parameters_;
  std::vector<std::vector<Bucket>> buckets_;
  std::vector<std::vector<Piece>> pieces_, updated_pieces_;
  std::unique_ptr<Optimizer> optimizer_;
};

// The versions of the weights: one, or with pipeline.delay 1 two that take turns. Step t runs on
// number t % 2, which holds the weights after step t - 2, and its update makes those after step t
// there, from the ones after step t - 1 (PipeDream-2BW, arXiv:2006.09503, section 3.1):
//   step     0       1       2       3
//   runs on  w0      w0      w1      w2       w(t) after t updates
//   makes    w1 = w0 - update(g0), w2 = w1 - update(g1), w3 = w2 - update(g2), ...
// Running statistics go with the version in which they were measured.
class RankVersions {
 public:
  // `second` is null without a delay.
  RankVersions(RankState& first, RankState* second);

  bool delayed() const { return versions_.size() > 1; }
  std::size_t count() const { return versions_.size(); }
  std::size_t number_of(std::int64_t step) const {
    return static_cast<std::size_t>(step) % versions_.size();
  }
  RankState& operator[](std::size_t number) { return *versions_[number]; }
  RankState& of_step(std::int64_t step) { return *versions_[number_of(step)]; }
  RankState& newest() { return *versions_[newest_]; }
  std::size_t newest_number() const { return newest_; }

  // `steps` are done: newest() is what the last of them has made, and has the moments.
  void start_after(std::int64_t steps);
  // Before the update of `step`: its version has the newest weights, and the moments.
  void begin_update(std::int64_t step);
  // `step` updates nothing: the one after the next runs on the same weights as the next.
  void skip_update(std::int64_t step);

 private:
  void take_moments(std::size_t number);
  static void copy(RankState& from, RankState& to, bool with_statistics);

  std::vector<RankState*> versions_;
  std::size_t newest_ = 0, with_moments_ = 0;
};

}  // namespace pipetrain
