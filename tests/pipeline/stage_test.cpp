#include "pipeline/stage.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "small_model.h"

using namespace pipetrain;

namespace stage_test {

namespace {

constexpr std::int64_t kRows = 5;

StepContext step_of(int microbatches, Mode mode = Mode::kTrain) {
  return {.mode = mode,
          .rows = kRows,
          .microbatches = microbatches,
          .gradient_scale = 1.0 / static_cast<double>(kRows * kTokens)};
}

// A model cut into stages, all of them run here, one microbatch after the other. The layers of
// `recomputed` run again before the backward of those microbatches that expect it.
class Cut {
 public:
  explicit Cut(const Partition& partition, const std::vector<std::size_t>& recomputed = {})
      : ops_(pool_) {
    RecomputedLayers mask(model_.layers.size());
    for (const std::size_t layer : recomputed) mask[layer].whole = true;
    const int count = static_cast<int>(partition.size());
    std::vector<int> all;
    for (int s = 0; s < count; ++s) {
      all.push_back(s);
      const std::vector<Layer*> layers = model_.of_stage(partition, s);
      const auto first = mask.begin() + partition[static_cast<std::size_t>(s)];
      const auto end = first + static_cast<std::ptrdiff_t>(layers.size());
      stages_.push_back(
          std::make_unique<Stage>(s, layers, s + 1 == count, ops_, RecomputedLayers(first, end)));
    }
    store_ = model_.store(pool_, partition, all);
  }

  void forward(const StepContext& step, int microbatch) {
    Tensor x = tokens(step, microbatch, 3), targets = tokens(step, microbatch, 5);
    for (auto& stage : stages_) {
      CHECK(x.shape() == stage->input_shape(step.rows_of(microbatch)));
      x = stage->forward(step, microbatch, std::move(x),
                         stage->last() ? std::move(targets) : Tensor());
    }
    CHECK(x.empty());
  }
  void forget_after_forward(int microbatch) {
    for (auto& stage : stages_) stage->forget_after_forward(microbatch);
  }
  void recompute(const StepContext& step, int microbatch) {
    for (auto& stage : stages_) stage->recompute(step, microbatch);
  }
  void backward(const StepContext& step, int microbatch) {
    Tensor dy;
    for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage) {
      dy = (*stage)->backward_input(step, microbatch, std::move(dy));
      if (!(*stage)->first()) {
        CHECK(dy.shape() == (*stage)->input_shape(step.rows_of(microbatch)));
      }
      (*stage)->backward_weight(step, microbatch);
    }
    CHECK(dy.empty());
  }
  void begin(const StepContext& step) {
    for (auto& stage : stages_) stage->begin(step);
  }
  // A whole step, as GPipe orders it.
  void run(const StepContext& step) {
    begin(step);
    for (int m = 0; m < step.microbatches; ++m) forward(step, m);
    for (int m = 0; m < step.microbatches; ++m) backward(step, m);
  }
  // The same, the microbatches below `end` recomputed.
  void run_recomputing(const StepContext& step, int end) {
    begin(step);
    for (int m = 0; m < end; ++m) forget_after_forward(m);
    for (int m = 0; m < step.microbatches; ++m) forward(step, m);
    for (int m = 0; m < step.microbatches; ++m) {
      if (m < end) recompute(step, m);
      backward(step, m);
    }
  }

  double loss() const { return stages_.back()->loss_sum(); }
  std::int64_t correct() const { return stages_.back()->correct(); }
  Stage& stage(std::size_t index) { return *stages_[index]; }
  MemoryPool& pool() { return pool_; }
  // Each layer's gradient of each of its parameters, by layer and parameter.
  std::map<std::string, std::vector<float>> gradients() const {
    std::map<std::string, std::vector<float>> all;
    for (const auto& layer : model_.layers) {
      for (const Parameter& p : layer->parameters()) {
        all[layer->name() + ": " + p.name].assign(p.gradient, p.gradient + p.elements());
      }
    }
    return all;
  }
  float* value(std::size_t layer) { return model_.layers[layer]->parameters()[0].value; }

 private:
  Tensor tokens(const StepContext& step, int microbatch, std::int32_t stride) {
    Tensor made(pool_, Shape{kTokens}.batched(step.rows_of(microbatch)), DType::kInt32);
    for (std::int64_t i = 0; i < made.elements(); ++i) {
      const auto at = static_cast<std::int32_t>(step.first_row(microbatch) * kTokens + i);
      made.i32()[i] = (at * stride + at * at) % kVocabulary;
    }
    return made;
  }

  MemoryPool pool_;
  Ops ops_;
  SmallModel model_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::unique_ptr<ParameterStore> store_;
};

}  // namespace

TEST_CASE("A stage's layers are done one by one in its last weight gradients, from the end") {
  Cut cut({0, 3});
  std::vector<std::size_t> done;
  cut.stage(0).set_around_weights({.after = [&](std::size_t layer, bool last_microbatch) {
    if (last_microbatch) done.push_back(layer);
  }});
  const StepContext step = step_of(2);
  for (int round = 0; round < 2; ++round) {
    done.clear();
    cut.begin(step);
    for (int m = 0; m < 2; ++m) cut.forward(step, m);
    cut.backward(step, 0);
    CHECK(done.empty());
    cut.backward(step, 1);
    CHECK(done == std::vector<std::size_t>{2, 1, 0});
  }
}

TEST_CASE("A model gives the same losses and gradients however it is cut into stages") {
  for (const int microbatches : {1, 2, 5}) {
    Cut whole({0});
    whole.run(step_of(microbatches));
    for (const Partition& partition :
         {Partition{0, 3}, Partition{0, 1, 6}, Partition{0, 2, 3, 5}}) {
      Cut cut(partition);
      cut.run(step_of(microbatches));
      CHECK(cut.loss() == whole.loss());
      // The tied weight's buffers differ in place, not in what is in them.
      CHECK(cut.gradients() == whole.gradients());
    }
  }
}

TEST_CASE("I and W of each layer in turn give the same gradients and keep nothing either") {
  Cut apart({0}), joined({0});
  const StepContext step = step_of(2);
  apart.run(step);
  const std::size_t before = joined.pool().used_bytes();
  joined.begin(step);
  for (int m = 0; m < 2; ++m) joined.forward(step, m);
  int passes = 0;
  for (int m = 0; m < 2; ++m) {
    joined.stage(0).backward(step, m, {}, [&] { ++passes; });
  }
  CHECK(passes == 2 * (2 * 7 - 1));  // from I to W of each of 7 layers, and to the next one's I
  CHECK(joined.gradients() == apart.gradients());
  CHECK(joined.pool().used_bytes() == before);
}

TEST_CASE("A new step forgets the losses and gradients of the one before") {
  Cut cut({0, 3});
  cut.run(step_of(2));
  const double loss = cut.loss();
  const auto gradients = cut.gradients();
  cut.run(step_of(2));
  CHECK(cut.loss() == loss);
  CHECK(cut.gradients() == gradients);
}

TEST_CASE("A stage keeps nothing of a microbatch after its weight gradients, nor in evaluation") {
  Cut cut({0, 3});
  const std::size_t before = cut.pool().used_bytes();
  const StepContext step = step_of(2);
  cut.begin(step);
  cut.forward(step, 0);
  const std::size_t one = cut.pool().used_bytes();
  CHECK(one > before);
  cut.forward(step, 1);
  CHECK(cut.pool().used_bytes() > one);
  cut.backward(step, 0);
  cut.backward(step, 1);
  CHECK(cut.pool().used_bytes() == before);

  const StepContext evaluation = step_of(2, Mode::kEvaluate);
  cut.begin(evaluation);
  cut.forward(evaluation, 0);
  CHECK(cut.pool().used_bytes() == before);
}

TEST_CASE("Evaluation has the loss of training") {
  Cut cut({0, 3});
  cut.run(step_of(2));
  const double loss = cut.loss();
  const StepContext evaluation = step_of(2, Mode::kEvaluate);
  cut.begin(evaluation);
  for (int m = 0; m < 2; ++m) cut.forward(evaluation, m);
  CHECK(cut.loss() == loss);
  CHECK(cut.stage(1).correct() >= 0);
  CHECK(cut.stage(1).correct() <= kRows * kTokens);
}

TEST_CASE("Asked to look, a stage names the first layer whose result is not finite") {
  Cut cut({0, 3});
  StepContext step = step_of(2);
  step.check_finite = true;
  cut.run(step);
  CHECK(cut.stage(0).not_finite().empty());
  CHECK(cut.stage(1).not_finite().empty());
  cut.value(2)[0] = std::numeric_limits<float>::infinity();  // of layers.2.mlp's norm
  cut.run(step);
  CHECK(cut.stage(0).not_finite() == "layers.2.mlp, forward of microbatch 0");
  CHECK(contains(cut.stage(1).not_finite(), "layers.3.attention, forward"));
}

TEST_CASE("Recomputed layers give the same losses and gradients, whichever they are") {
  const std::vector<std::vector<std::size_t>> choices = {
      {0, 1, 2, 3, 4, 5, 6}, {1, 3}, {0}, {6}, {5, 6}, {2, 3, 5}};
  const StepContext step = step_of(3);
  Cut kept({0});
  kept.run(step);
  for (const Partition& partition : {Partition{0}, Partition{0, 3}, Partition{0, 1, 6}}) {
    for (const auto& recomputed : choices) {
      for (const int microbatches : {1, 3}) {  // the others keep what they need, in the same step
        Cut cut(partition, recomputed);
        const std::size_t before = cut.pool().used_bytes();
        for (int again = 0; again < 2; ++again) {
          cut.run_recomputing(step, microbatches);
          CHECK(cut.loss() == kept.loss());
          CHECK(cut.correct() == kept.correct());
          CHECK(cut.gradients() == kept.gradients());
          CHECK(cut.pool().used_bytes() == before);
        }
      }
    }
  }
}

TEST_CASE("Between forward and recompute a stage keeps its recomputed layers' input alone") {
  const StepContext step = step_of(1);
  const auto held = [&](const std::vector<std::size_t>& recomputed) {
    Cut cut({0, 3}, recomputed);
    const std::size_t before = cut.pool().used_bytes();
    cut.begin(step);
    cut.forget_after_forward(0);
    cut.forward(step, 0);
    return cut.pool().used_bytes() - before;
  };
  constexpr std::size_t kIds = 128;  // of 5 rows of 4 tokens: 80 bytes, in units of 64
  constexpr std::size_t kActivation = 4 * kRows * kTokens * 8;
  // The tokens; the second stage's input; the targets, in place of the gradient of the logits.
  CHECK(held({0, 1, 2, 3, 4, 5, 6}) == kIds + kActivation + kIds);
  // An attention's input stands in place of five such tensors and what is kept per row.
  CHECK(held({1, 3}) < held({}) - 2 * 4 * kActivation);
}

}  // namespace stage_test
