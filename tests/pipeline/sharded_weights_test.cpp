#include "pipeline/sharded_weights.h"

#include <cstddef>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "nn/parameter.h"
#include "sharded_model.h"

using namespace pipetrain;

namespace sharded_weights_test {

namespace {

// Whether the layers of a stage have the whole of what their parameters start from.
bool is_whole(const std::vector<Layer*>& layers) {
  for (const Layer* layer : layers) {
    for (const Parameter& parameter : layer->parameters()) {
      std::vector<float> expected(static_cast<std::size_t>(parameter.elements()));
      initialize(parameter, 1, expected);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        if (parameter.value[i] != expected[i]) return false;
      }
    }
  }
  return true;
}

bool has_none(const std::vector<Layer*>& layers) {
  for (const Layer* layer : layers) {
    for (const Parameter& parameter : layer->parameters()) {
      if (parameter.value != nullptr) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("A stage's layers have the whole weights while it is gathered, and none after") {
  for (const int replicas : {2, 3}) {
    InProcess group(replicas, {.timeout_seconds = 30, .oversubscribed = true});
    group.run([&](int rank) {
      ShardedModel model({0, 4}, replicas, rank);
      const auto collective = group.collective(rank);
      ShardedWeights weights(model.parameters->stages(), model.buckets, *collective, model.ops, 2);
      for (const std::size_t stage : {std::size_t{0}, std::size_t{1}}) {
        require(has_none(model.layers[stage]), "nothing is gathered yet");
        require(!weights.gathered(stage), "nor said to be");
        weights.unshard(stage);
        weights.wait(stage);
        require(weights.gathered(stage), "gathered");
        require(is_whole(model.layers[stage]), "the initial values of all");
      }
      require(is_whole(model.layers[0]), "the first stage is still there");
      weights.reshard(0);
      require(has_none(model.layers[0]), "dropped");
      require(is_whole(model.layers[1]), "the other one is not");
    });
  }
}

TEST_CASE("As many stages have room as may be gathered at once, and no more is taken") {
  InProcess group(2, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int rank) {
    ShardedModel model({0, 2, 4}, 2, rank);
    const auto collective = group.collective(rank);
    ShardedWeights weights(model.parameters->stages(), model.buckets, *collective, model.ops, 2);
    const auto begin = [&](std::size_t stage) {
      return model.layers[stage].front()->parameters().front().value;
    };
    const std::size_t used = model.pool.used_bytes();
    weights.unshard(0);
    weights.unshard(1);  // while the first one's are still under way
    const float* first = begin(0);
    require(first != begin(1), "each has its own room");
    weights.reshard(0);
    weights.unshard(2);
    weights.wait(2);
    require(begin(2) == first, "in the room of the first");
    require(is_whole(model.layers[2]), "the third stage's own values");
    weights.wait(1);
    require(is_whole(model.layers[1]), "the second one's are left alone");
    require(model.pool.used_bytes() == used, "no more memory");
  });
}

TEST_CASE("The time of a gather is a mean of the step") {
  InProcess group(2, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int rank) {
    ShardedModel model({0}, 2, rank);
    const auto collective = group.collective(rank);
    ShardedWeights weights(model.parameters->stages(), model.buckets, *collective, model.ops, 1);
    weights.begin();
    require(weights.mean_seconds(0) == 0, "none yet");
    for (int i = 0; i < 3; ++i) {
      weights.unshard(0);
      weights.wait(0);
      weights.reshard(0);
    }
    require(weights.mean_seconds(0) > 0, "three took some time");
    weights.begin();
    require(weights.mean_seconds(0) == 0, "forgotten");
  });
}

}  // namespace sharded_weights_test
