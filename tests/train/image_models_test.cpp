// Law 1 for models of images: dropout, batch norm and convolutions give the same bits, however the
// model is cut, scheduled and recomputed.
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "schedule/generate/generate.h"
#include "trained.h"

using namespace pipetrain;

namespace image_models_test {

namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

LayerEntry layer(const std::string& kind, Options options = {},
                 std::vector<LayerEntry> layers = {}) {
  return {kind, "test", std::move(options), std::move(layers)};
}

// A convolutional net that ends as a transformer: every kind of layer that has state, a mask or
// random numbers.
ModelConfig mixed_model() {
  const auto convolution = [](const char* channels, const char* stride) {
    return layer("conv2d", {{"channels", channels}, {"kernel", "3"}, {"stride", stride}});
  };
  const LayerEntry dropout = layer("dropout", {{"rate", "0.2"}});
  ModelConfig model;
  model.layers = {
      convolution("8", "1"),
      layer("batch_norm", {{"relu", "true"}}),
      layer("max_pool", {{"kernel", "2"}}),
      layer("residual", {{"relu", "true"}}, {convolution("8", "1"), layer("batch_norm"), dropout}),
      layer("residual", {{"skip", "projected"}}, {convolution("16", "2")}),
      layer("silu"),
      dropout,
      layer("positions"),
      layer("transformer_block", {{"heads", "2"}, {"causal", "false"}}),
      dropout,
      layer("mean_pool"),
      layer("linear", {{"features", "classes"}})};
  return model;
}

Trained run(const std::string& schedule, int ranks, Recompute recompute,
            std::uint64_t seed = 1337) {
  Config config;
  config.model = mixed_model();
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = 8;
  config.pipeline.partition = PartitionRule::kUniform;
  config.pipeline.recompute = recompute;
  config.train.batch_size = 19;  // microbatches of 3 rows and of 2
  config.train.seed = seed;
  return train_ranks(config, FixedSource::images(19, {8, 8, 3}, 5), ranks, 3);
}

}  // namespace

TEST_CASE("A net with dropout and batch norm has the same bits under every schedule") {
  const Trained whole = run("gpipe", 1, Recompute::kNone);
  CHECK(whole.weights.count("layers.3.residual.1.batch_norm.running_var") == 1);
  CHECK(whole.weights.at("layers.1.batch_norm.running_mean") != std::vector<float>(8, 0.0f));
  for (const std::string& schedule : schedule_names()) {
    for (const int ranks : {2, 4}) {
      for (const Recompute recompute : {Recompute::kNone, Recompute::kFull}) {
        INFO(schedule << ", " << ranks << " ranks, recompute " << name_of(kRecomputes, recompute));
        const Trained cut = run(schedule, ranks, recompute);
        const bool copies = copies_of(schedule) > 1;  // running statistics are their mean
        if (schedule == "looped-bfs" || copies) {     // adds its microbatches in another order
          CHECK(cut.losses[2] == Approx(whole.losses[2]).epsilon(1e-5));
          if (copies) continue;
          CHECK(cut.validation == Approx(whole.validation).epsilon(1e-5));
          continue;
        }
        CHECK(cut == whole);
      }
    }
  }
  CHECK(run("gpipe", 1, Recompute::kNone, 7).losses != whole.losses);
}

TEST_CASE("Weights are packed once for all batches of an evaluation, and again after a step") {
  Config config;
  config.model = mixed_model();
  config.pipeline.schedule = "1f1b";
  config.pipeline.microbatches = 2;
  config.pipeline.partition = PartitionRule::kUniform;
  config.train.batch_size = 4;
  const FixedSource source = FixedSource::images(16, {8, 8, 3}, 5);
  run_ranks(config, source, 1, [&](RankThread& rank) {
    const auto packings_of = [&](const auto& work) {
      const std::size_t before = rank.pipeline().state.ops().packings();
      work();
      return rank.pipeline().state.ops().packings() - before;
    };
    const auto evaluate = [&] { rank.evaluate(); };
    constexpr std::size_t kConvolutions = 4;  // one of them has a layout that is the plain one
    const std::size_t first = packings_of(evaluate), again = packings_of(evaluate);
    const std::size_t step = packings_of([&] { rank.train(0, 1); });
    const std::size_t after = packings_of(evaluate);
    if (first < kConvolutions - 1 || first > kConvolutions) {
      throw std::runtime_error("the four batches took " + std::to_string(first) + " packings");
    }
    if (again != 0) throw std::runtime_error("packed again, though nothing changed");
    if (step > kConvolutions) throw std::runtime_error("a step packed the same weights twice");
    if (after != first) throw std::runtime_error("not packed again after a step");
  });
}

}  // namespace image_models_test
