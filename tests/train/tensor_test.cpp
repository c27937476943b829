// Tensor parallelism: ranks that share each layer train as one that has it whole, to rounding, and
// give the same bits each time, under every schedule.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "data/temporary_folder.h"
#include "setup/weights.h"
#include "trained.h"

using namespace pipetrain;

namespace tensor_test {

namespace {

constexpr int kRows = 12;

struct Run : Trained {
  Weights values, gradients;  // whole tensors
  friend bool operator==(const Run&, const Run&) = default;
};

// What a rank owns of each parameter goes to its place in the whole; what it has a copy of is the
// owner's to the last bit, which `copies` are there to compare.
void collect(RankThread& rank, Tensor StageParameters::* buffer, Weights& whole, Weights& copies) {
  for (StageParameters& stage : rank.pipeline().state.parameters().stages()) {
    for (const ParameterSlot& slot : stage.slots) {
      const Parameter& parameter = *slot.parameter;
      const float* from = (stage.*buffer).f32() + slot.offset;
      if (!slot.owned) {
        copies[parameter.name].assign(from, from + slot.elements);
        continue;
      }
      std::vector<float>& to = whole[parameter.name];
      to.resize(static_cast<std::size_t>(parameter.whole.elements()));
      const std::int64_t columns = parameter.whole.elements() / parameter.whole[0];
      for (const SliceBox& box : boxes_of(parameter.slicing, parameter.whole, 0, slot.elements)) {
        for (std::int64_t i = 0; i < box.elements(); ++i) {
          const std::int64_t row = box.row + i / box.columns, column = box.column + i % box.columns;
          to[static_cast<std::size_t>(row * columns + column)] = from[box.at + i];
        }
      }
    }
  }
}

struct Way {  // to run it
  int pipeline = 1;
  std::int64_t first = 0, end = 3;  // steps
  std::string load_from, save_to;   // folders of checkpoints
};

void save(RankThread& rank, const std::string& folder) {
  if (rank.rank() == 0) begin_checkpoint(folder, 1);
  rank.collective().barrier();
  const std::string list = write_rank_file(folder, 1, rank.rank(), rank.collective().size(),
                                           tensors_to_save(rank.pipeline().state));
  const std::vector<std::string> lists = rank.collective().all_gather_text(list);
  if (rank.rank() == 0) finish_checkpoint(folder, {.step = 1}, lists, "{}", "");
}

Run run(const Config& config, const Source& source, const Way& way = {}) {
  const int ranks = config.parallel.data * config.parallel.tensor * way.pipeline;
  Run made;
  std::mutex mutex;
  bool same_copies = true;
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    if (!way.load_from.empty()) {
      const Checkpoint checkpoint = open_checkpoint(checkpoint_folder(way.load_from, 1));
      load_weights(checkpoint, rank.pipeline().state);
      load_moments(checkpoint, rank.pipeline().state);
    }
    made.train(rank, way.first, way.end);
    Weights copies, unused;
    {
      const std::lock_guard lock(mutex);
      collect(rank, &StageParameters::gradients, made.gradients, unused);
      collect(rank, &StageParameters::values, made.values, copies);
    }
    made.evaluate(rank);
    rank.collective().barrier();
    if (!way.save_to.empty()) save(rank, way.save_to);
    const std::lock_guard lock(mutex);
    for (const auto& [name, values] : copies) {
      // A second copy of a tied slice is a part of the whole.
      const std::vector<float>& whole = made.values.at(name);
      same_copies = same_copies && (whole.size() != values.size() || whole == values);
    }
  });
  CHECK(same_copies);
  return made;
}

// The largest distance of a tensor's entries, relative to its largest entry.
double largest_difference(const Weights& found, const Weights& expected) {
  REQUIRE(found.size() == expected.size());
  double largest = 0;
  for (const auto& [name, values] : expected) {
    const std::vector<float>& other = found.at(name);
    REQUIRE(other.size() == values.size());
    double distance = 0, scale = 1e-6;
    for (std::size_t i = 0; i < values.size(); ++i) {
      distance = std::max(distance, std::abs(static_cast<double>(other[i]) - values[i]));
      scale = std::max(scale, std::abs(static_cast<double>(values[i])));
    }
    largest = std::max(largest, distance / scale);
  }
  return largest;
}

Config with(ModelConfig model, int tensor, const std::string& schedule = "1f1b") {
  Config config;
  config.model = std::move(model);
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = 4;
  config.pipeline.partition = PartitionRule::kUniform;
  config.parallel.tensor = tensor;
  config.optimizer.learning_rate = 1e-3;
  config.optimizer.weight_decay = 0.1;
  config.optimizer.clip_norm = 1.0;
  config.train.batch_size = kRows;
  return config;
}

ModelConfig gpt() {
  ModelConfig model{.preset = "gpt", .depth = 3, .heads = 4, .width = 40, .context = 8};
  model.tie_embeddings = true;
  return model;
}

ModelConfig llama() {
  ModelConfig model{.preset = "llama", .depth = 2, .heads = 4, .kv_heads = 2, .width = 32};
  model.mlp_width = 24;
  model.context = 8;
  model.tie_embeddings = false;
  return model;
}

const FixedSource kTokens = FixedSource::counting(kRows + 1, 8, 65);

// Rows of 8 tokens below 41 with a label below 5.
FixedSource labelled() {
  FixedRows made{.input_row = {8}, .vocabulary = 41, .classes = 5};
  for (std::int64_t i = 0; i < kRows * 8; ++i) {
    made.tokens.push_back(static_cast<std::int32_t>((i * i + 3 * i) % 41));
  }
  for (std::int64_t i = 0; i < kRows; ++i) {
    made.targets.push_back(static_cast<std::int32_t>((i * i + i / 2) % 5));
  }
  return FixedSource(std::move(made));
}

void check_near(const Run& found, const Run& one) {
  CHECK(relative_difference(found.losses, one.losses) < 1e-6);
  CHECK(relative_difference(found.norms, one.norms) < 1e-5);
  CHECK(found.validation == Approx(one.validation).epsilon(1e-6));
}

// Of one step: nothing has grown yet.
void check_gradients(const ModelConfig& model, const Source& source, int tensor) {
  INFO(model.preset << " over " << tensor << " ranks");
  const Way step{.end = 1};
  const Run one = run(with(model, 1), source, step),
            shared = run(with(model, tensor), source, step);
  CHECK(largest_difference(shared.gradients, one.gradients) < 2e-5);
  check_near(shared, one);
}

}  // namespace

TEST_CASE("Ranks that share the layers have together the gradients of one") {
  check_gradients(gpt(), kTokens, 2);
  check_gradients(gpt(), kTokens, 4);
  check_gradients(llama(), kTokens, 2);
  check_gradients({.preset = "classifier", .depth = 2, .heads = 4, .width = 32}, labelled(), 2);
  ModelConfig vit{.preset = "vit", .depth = 2, .heads = 2, .width = 16};
  vit.patch = 2;
  check_gradients(vit, FixedSource::images(kRows, {6, 6, 3}, 5), 2);
}

TEST_CASE("Shared layers train as whole ones, and with the same bits under every schedule") {
  for (const ModelConfig& model : {gpt(), llama()}) {
    const Run one = run(with(model, 1), kTokens);
    REQUIRE(one.losses.back() < one.losses.front());
    const Run expected = run(with(model, 2, "gpipe"), kTokens);
    check_near(expected, one);
    CHECK(largest_difference(expected.values, one.values) < 1e-3);  // Adam divides rounding errors
    for (const auto& [schedule, ranks] :
         {std::pair("gpipe", 1), std::pair("1f1b", 2), std::pair("interleaved", 2),
          std::pair("zb-h1", 2), std::pair("zbv", 2), std::pair("1f1b", 4)}) {
      for (const Recompute recompute : {Recompute::kNone, Recompute::kFull}) {
        INFO(model.preset << ", " << schedule << ", " << ranks << " places, "
                          << name_of(kRecomputes, recompute));
        Config config = with(model, 2, schedule);
        config.pipeline.recompute = recompute;
        CHECK(run(config, kTokens, {.pipeline = ranks}) == expected);
      }
    }
  }
}

TEST_CASE("Dropout does not depend on the number of ranks that share a layer") {
  for (ModelConfig model : {gpt(), llama()}) {
    model.dropout = 0.2;
    INFO(model.preset);
    const Run one = run(with(model, 1), kTokens), two = run(with(model, 2), kTokens);
    check_near(two, one);
    Config again = with(model, 2, "zb-h1");
    again.pipeline.recompute = Recompute::kAttention;
    CHECK(run(again, kTokens, {.pipeline = 2}) == two);
    model.dropout = 0;
    CHECK(std::abs(run(with(model, 1), kTokens).losses.back() / one.losses.back() - 1) > 1e-4);
  }
}

TEST_CASE("Data, tensor and pipeline parallelism go together, sharded optimizer included") {
  const Run one = run(with(gpt(), 1), kTokens);
  for (const char* schedule : {"1f1b", "interleaved"}) {
    Config config = with(gpt(), 2, schedule);
    config.parallel.data = 2;
    config.pipeline.microbatches = 2;
    const Run plain = run(config, kTokens, {.pipeline = 2});
    INFO(schedule);
    check_near(plain, one);
    config.parallel.shard = Shard::kOptimizer;
    const Run sharded = run(config, kTokens, {.pipeline = 2});
    CHECK(sharded.losses == plain.losses);
    CHECK(sharded.values == plain.values);
  }
}

TEST_CASE("A checkpoint goes on with another number of ranks that share the layers") {
  for (const ModelConfig& model : {gpt(), llama()}) {
    const TemporaryFolder at;
    INFO(model.preset);
    const auto sharded = [&](int data, int tensor) {
      Config config = with(model, tensor);
      config.parallel.data = data;
      config.pipeline.microbatches = 4 / data;
      config.parallel.shard = Shard::kOptimizer;
      return config;
    };
    const auto saved = [&](const Config& config, int places, const std::string& name) {
      run(config, kTokens, {.pipeline = places, .end = 2, .save_to = at.path(name)});
    };
    const auto resumed = [&](const Config& config, int places, const std::string& name) {
      return run(config, kTokens,
                 {.pipeline = places, .first = 2, .end = 4, .load_from = at.path(name)});
    };
    const auto rest = [](Run whole) {
      whole.losses.erase(whole.losses.begin(), whole.losses.begin() + 2);
      whole.norms.erase(whole.norms.begin(), whole.norms.begin() + 2);
      return whole;
    };
    const Run one = rest(run(with(model, 1), kTokens, {.end = 4}));
    const Run two = rest(run(with(model, 2), kTokens, {.end = 4}));
    saved(with(model, 1), 2, "one");
    saved(with(model, 2), 1, "two");
    saved(sharded(2, 2), 2, "shards");
    CHECK(resumed(with(model, 2), 2, "two") == two);
    for (const char* name : {"two", "shards"}) {
      INFO("from " << name);
      check_near(resumed(with(model, 1), 1, name), one);
      check_near(resumed(sharded(2, 2), 1, name), one);
    }
    check_near(resumed(with(model, 2), 1, "one"), one);
    CHECK(resumed(with(model, 1), 1, "one") == one);
    // Whole tensors, whoever reads them.
    const Checkpoint whole = open_checkpoint(checkpoint_folder(at.path("one"), 1));
    CHECK(open_checkpoint(checkpoint_folder(at.path("shards"), 1)).names() == whole.names());
  }
}

TEST_CASE("Ranks that share layers allocate nothing once each kind of work has run twice") {
  std::vector<std::vector<std::size_t>> allocations(4);
  run_ranks(with(gpt(), 2), kTokens, 4, [&](RankThread& rank) {
    rank.train(0, 8, [&](std::int64_t step, const StepResult&) {
      if (step % 2 == 1) rank.evaluate();
      allocations[static_cast<std::size_t>(rank.rank())].push_back(
          rank.pool().system_allocations());
    });
  });
  for (const auto& of_rank : allocations) CHECK(of_rank[3] == of_rank.back());
}

}  // namespace tensor_test
