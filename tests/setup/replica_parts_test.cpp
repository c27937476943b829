#include "setup/replica_parts.h"

#include <string>

#include "catch.h"
#include "comm/in_process.h"
#include "pipeline/one_replica.h"
#include "pipeline/replica_sum.h"
#include "pipeline/sharded_gradients.h"
#include "pipeline/sharded_weights.h"
#include "setup/small_rank.h"

using namespace pipetrain;

namespace replica_parts_test {

namespace {

// Which ways the first of so many replicas takes.
std::string ways(Shard shard, int replicas, Mode mode) {
  SmallRank rank(shard, replicas, 1, 0, mode);
  InProcess group(replicas);
  const auto mailbox = group.mailbox(0, rank.pool);
  const auto world = group.collective(0);
  const ReplicaParts made = make_replica_parts(
      rank.state, {rank.map.grid(), *mailbox, *world, *world, *rank.tensor}, mode);
  const GradientReducer& gradients = *made.gradients;
  const bool alone = dynamic_cast<const OneReplica*>(&gradients) != nullptr,
             summed = dynamic_cast<const ReplicaSum*>(&gradients) != nullptr,
             shared_out = dynamic_cast<const SharedOutSum*>(&gradients) != nullptr,
             sharded = dynamic_cast<const ShardedGradients*>(&gradients) != nullptr;
  const bool gathered = dynamic_cast<const ShardedWeights*>(made.weights.get()) != nullptr;
  return std::string(sharded      ? "sharded"
                     : shared_out ? "shared out"
                     : summed     ? "summed"
                     : alone      ? "alone"
                                  : "none") +
         (gathered ? ", gathered" : ", whole");
}

}  // namespace

TEST_CASE("Replicas sum gradients, each keeps all of them or its share, as is asked for") {
  CHECK(ways(Shard::kNone, 2, Mode::kTrain) == "summed, whole");
  CHECK(ways(Shard::kOptimizer, 2, Mode::kTrain) == "shared out, whole");
  CHECK(ways(Shard::kParameters, 2, Mode::kTrain) == "sharded, gathered");
}

TEST_CASE("Of one replica nothing is summed or shared out, whatever is asked for") {
  for (const Shard shard : {Shard::kNone, Shard::kOptimizer, Shard::kParameters}) {
    CHECK(ways(shard, 1, Mode::kTrain) == "alone, whole");
  }
}

TEST_CASE("An evaluation sums no gradients, but gathers weights that are shared out") {
  CHECK(ways(Shard::kNone, 2, Mode::kEvaluate) == "alone, whole");
  CHECK(ways(Shard::kParameters, 2, Mode::kEvaluate) == "alone, gathered");
}

}  // namespace replica_parts_test
