// Sequences in slices train as whole ones to rounding, with the same bits on any ranks and under
// any schedule for one number of slices, in the memory that is foreseen.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/simulate/simulate.h"
#include "trained.h"

using namespace pipetrain;

namespace slices_test {

namespace {

constexpr std::int64_t kTokens = 37, kSteps = 3;

struct SliceChoice {
  int slices = 1;
  std::string schedule = "1f1b";
  Recompute recompute = Recompute::kCheap;
  std::vector<std::string> layers = {};
};

Config model(const std::string& preset, const SliceChoice& choice) {
  Config config;
  config.model = {.preset = preset, .depth = 2, .heads = 4, .width = 16, .context = kTokens};
  if (preset == "llama") config.model.kv_heads = 2;
  if (preset == "gpt") config.model.dropout = 0.2;
  config.pipeline.schedule = choice.schedule;
  config.pipeline.slices = choice.slices;
  config.pipeline.microbatches = 2;
  config.pipeline.partition = PartitionRule::kUniform;
  config.pipeline.recompute = choice.recompute;
  config.pipeline.recompute_layers = choice.layers;
  config.train.batch_size = 3;  // microbatches of 2 rows and of 1
  return config;
}

Trained train(const Config& config, int ranks) {
  return train_ranks(config, FixedSource::counting(3, kTokens, 23), ranks, kSteps);
}

}  // namespace

TEST_CASE("Slices train as whole sequences do, to rounding") {
  for (const char* preset : {"gpt", "llama"}) {
    for (const DType precision : {DType::kFloat32, DType::kBFloat16}) {
      Config whole = model(preset, {});
      whole.train.precision = precision;
      const Trained expected = train(whole, 1);
      CHECK(expected.losses.back() < expected.losses.front());
      for (const int slices : {2, 5}) {
        CAPTURE(preset, precision == DType::kFloat32, slices);
        Config config = whole;
        config.pipeline.slices = slices;
        const Trained found = train(config, 1);
        const double near = precision == DType::kFloat32 ? 1e-5 : 5e-3;
        CHECK(relative_difference(found.losses, expected.losses) < near);
        CHECK(relative_difference(found.norms, expected.norms) < 10 * near);
        CHECK(found.validation == Approx(expected.validation).epsilon(near));
      }
    }
  }
}

TEST_CASE("Slices see the documents that whole sequences see") {
  class Documents12 : public FixedSource {
   public:
    Documents12() : FixedSource(FixedSource::counting(3, kTokens, 23)) {}
    void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                       Tensor& targets) const override {
      FixedSource::read_training(pass, first_row, inputs, targets);
      for (std::int64_t i = 11; i < targets.elements(); i += 12) targets.i32()[i] = kEndsDocument;
    }
  };
  for (const char* preset : {"gpt", "llama"}) {
    CAPTURE(preset);
    Config config = model(preset, {});
    config.data.documents = Documents::kSeparate;
    config.data.sequence_length = kTokens;
    const Trained expected = train_ranks(config, Documents12(), 1, kSteps);
    config.pipeline.slices = 3;
    const Trained found = train_ranks(config, Documents12(), 2, kSteps);
    CHECK(relative_difference(found.losses, expected.losses) < 1e-5);
    CHECK(relative_difference(found.norms, expected.norms) < 1e-4);
  }
}

TEST_CASE("As many slices have the same bits on any ranks, under any schedule and recomputed") {
  for (const char* preset : {"gpt", "llama"}) {
    const Trained one = train(model(preset, {.slices = 3}), 1);
    for (const char* schedule : {"1f1b", "gpipe", "eager-1f1b", "slim-1f1b", "zb-h1"}) {
      for (const int ranks : {2, 3}) {
        CAPTURE(preset, schedule, ranks);
        CHECK(train(model(preset, {.slices = 3, .schedule = schedule}), ranks) == one);
      }
    }
    CHECK(train(model(preset, {.slices = 3, .recompute = Recompute::kNone}), 2) == one);
    const std::vector<std::string> parts = {"layers.1.attention.mixed", "layers.2.mlp",
                                            "layers.4.mlp.hidden"};
    CHECK(train(model(preset, {3, "1f1b", Recompute::kList, parts}), 2) == one);
    CHECK(train(model(preset, {.slices = 4}), 2) != one);
  }
}

TEST_CASE("What slices take and how many are live is foreseen") {
  const FixedSource source = FixedSource::counting(8, kTokens, 23);
  constexpr std::size_t kRanks = 4;
  for (const int slices : {1, 4}) {
    Config config = model("llama", {.slices = slices, .recompute = Recompute::kNone});
    config.model.depth = 4;
    config.model.width = 128;  // blocks of which the pool's steps of size are a small part
    config.pipeline.microbatches = 8;
    config.train.batch_size = 8;
    std::vector<double> foreseen(kRanks), taken(kRanks), live(kRanks), expected(kRanks);
    run_ranks(config, source, static_cast<int>(kRanks), [&](RankThread& rank) {
      rank.train(0, 4);
      const auto r = static_cast<std::size_t>(rank.rank());
      const Layout& layout = rank.pipeline().layout;
      foreseen[r] = static_cast<double>(layout.memory[r].steps());
      taken[r] = static_cast<double>(rank.pool().reserved_bytes());
      live[r] = rank.pipeline().runner.take_peak_live_microbatches();
      expected[r] = simulate(layout.schedule, equal_costs(layout.schedule, 1, 1, 1))
                        .peak_live_microbatches[r];
    });
    for (std::size_t r = 0; r < kRanks; ++r) {
      CAPTURE(slices, r);
      // Of whole sequences the last rank gives a block back sooner than is foreseen.
      CHECK(taken[r] <= 1.02 * foreseen[r]);
      CHECK(taken[r] >= (slices == 1 ? 0.88 : 0.98) * foreseen[r]);
      CHECK(live[r] == Approx(expected[r]));
    }
    CHECK(live[0] == Approx(slices == 1 ? 4 : 7.0 / 4));
  }
}

}  // namespace slices_test
