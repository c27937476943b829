#include "pipeline/sharded_gradients.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "catch.h"
#include "comm/in_process.h"
#include "sharded_model.h"

using namespace pipetrain;

namespace sharded_gradients_test {

namespace {

// Whole numbers, so that sums are exact in any order.
float gradient_of(int replica, int microbatch, bool earlier_use, std::int64_t i) {
  return static_cast<float>((replica + 1) * 1000 + (microbatch + 1) * 100 + i % 17 +
                            (earlier_use ? 50'000 : 0));
}

}  // namespace

TEST_CASE("A replica keeps its part of the sum over replicas and microbatches, step by step") {
  constexpr int kReplicas = 3, kMicrobatches = 2;
  InProcess group(kReplicas, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int rank) {
    ShardedModel model({0}, kReplicas, rank);  // embedding and tied head in one stage
    StageParameters& stage = model.parameters->stages()[0];
    model.parameters->add_gradients(
        stage_of_layers(model.partition, static_cast<int>(model.model.layers.size())));
    part_tied(*model.parameters, model.buckets, model.rule);
    const auto collective = group.collective(rank);
    const auto mailbox = group.mailbox(rank, model.pool);
    TiedGradients ties(*model.parameters, *mailbox, model.ops, [rank](int, int) { return rank; });
    ShardedGradients sums(*model.parameters, model.buckets, *collective, model.ops,
                          std::move(ties));
    require(sums.takes_each_microbatch(), "and not the last one's alone");
    const std::size_t used = model.pool.used_bytes();
    for (int step = 0; step < 2; ++step) {
      sums.begin();
      for (int m = 0; m < kMicrobatches; ++m) {
        for (std::size_t layer = model.layers[0].size(); layer-- > 0;) {
          sums.before_weights(0, layer);
          for (Parameter& parameter : model.layers[0][layer]->parameters()) {
            require(parameter.gradient != nullptr, "room for the gradient");
            const bool earlier = parameter.name.ends_with("token.weight") && layer == 0;
            for (std::int64_t i = 0; i < parameter.elements(); ++i) {
              parameter.gradient[i] = gradient_of(rank, m + step, earlier, i);
            }
          }
          sums.after_weights(0, layer, m + 1 == kMicrobatches);
          sums.poll();
        }
      }
      sums.finish(step % 2);
      std::size_t pieces = 0;
      for (const Piece& piece : model.pieces[0]) {
        for (std::int64_t i = 0; i < piece.elements; ++i) {
          float expected = 0;
          for (int r = 0; r < kReplicas; ++r) {
            for (int m = 0; m < kMicrobatches; ++m) {
              expected += gradient_of(r, m + step, false, piece.first + i);
              if (piece.slot->tied()) expected += gradient_of(r, m + step, true, piece.first + i);
            }
          }
          require(stage.gradients.f32()[piece.at + i] == expected, "the sum of all");
        }
        ++pieces;
      }
      require(pieces > 0 || rank > 0, "some are here");
    }
    require(model.pool.used_bytes() == used, "no memory is taken while it runs");
  });
}

}  // namespace sharded_gradients_test
