#include "pipeline/tied_gradients.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "pipeline/one_replica.h"
#include "small_model.h"

using namespace pipetrain;

namespace tied_gradients_test {

namespace {

const std::string kTied = "layers.0.embedding.token.weight";

struct Found {
  int owners = 0;                   // copies that are counted and saved
  std::int64_t elements = 0;        // of all owned parameters
  std::vector<float> gradients[2];  // of the tied parameter, as each rank's optimizer sees it
  std::vector<float> values[2];
};

// What step `step` looks up; some rows twice, some never.
std::vector<std::int32_t> touched_rows(int step) { return {9, 2, 2 + step, 9, 0}; }

// A gradient for one use of the tied weight; the first is not zero where it was touched alone.
void make_gradient(Parameter& parameter, int step) {
  const bool first = !parameter.tied_to_earlier;
  if (first) parameter.touched_rows = touched_rows(step);
  const auto& touched = parameter.touched_rows;
  for (std::int64_t i = 0; i < parameter.elements(); ++i) {
    const bool zero = first && std::find(touched.begin(), touched.end(),
                                         i / parameter.shape.back()) == touched.end();
    const float scale = zero ? 0.0f : first ? 1e3f : 1.0f / 3;
    parameter.gradient[i] = scale / static_cast<float>(7 * step + i + 1);
  }
}

// Gives the two uses of the tied weight different gradients and reduces them, three steps in a row.
// Each step's tokens are `step_tokens` at most, or what is touched is not asked.
Found reduce(const Partition& partition, std::int64_t step_tokens) {
  const int ranks = static_cast<int>(partition.size());
  Found found;
  std::mutex mutex;
  InProcess group(ranks, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int rank) {
    MemoryPool pool;
    Ops ops(pool);
    const SmallModel model;
    const auto mailbox = group.mailbox(rank, pool);
    const auto store = model.store(pool, partition, {rank});
    OneReplica reducer({*store, *mailbox, ops, [](int stage, int) { return stage; }, step_tokens});
    for (int step = 0; step < 3; ++step) {
      for (Layer* layer : model.of_stage(partition, rank)) {
        for (Parameter& parameter : layer->parameters()) {
          if (parameter.name == kTied) make_gradient(parameter, step);
        }
      }
      reducer.stage_done(rank, step % 2);
      reducer.finish(step % 2);
    }
    const std::lock_guard lock(mutex);
    for (StageParameters& stage : store->stages()) {
      for (const ParameterSlot& slot : stage.slots) {
        if (slot.owned) found.elements += slot.elements;
        if (slot.parameter->name != kTied) continue;
        found.owners += slot.owned ? 1 : 0;
        const float* gradient = stage.gradients.f32() + slot.offset;
        const float* value = stage.values.f32() + slot.offset;
        const auto place = static_cast<std::size_t>(found.gradients[0].empty() ? 0 : 1);
        found.gradients[place].assign(gradient, gradient + slot.elements);
        found.values[place].assign(value, value + slot.elements);
      }
    }
  });
  return found;
}

}  // namespace

TEST_CASE("A tied weight is one parameter with the sum of its two uses' gradients on every copy") {
  const SmallModel model;
  const Found one = reduce({0}, 0);
  CHECK(one.owners == 1);
  CHECK(one.elements == parameter_count(model.layers));
  REQUIRE(!one.gradients[0].empty());
  CHECK(one.gradients[1].empty());
  CHECK(one.gradients[0][2] == 1e3f / 17 + (1.0f / 3) / 17);  // of the last of the three steps
  CHECK(one.gradients[0][8] == (1.0f / 3) / 23);              // a row that was not looked up

  for (const std::int64_t step_tokens : {0, 5, 100}) {
    CHECK(reduce({0}, step_tokens).gradients[0] == one.gradients[0]);
    for (const Partition& partition : {Partition{0, 3}, Partition{0, 1, 6}}) {
      CAPTURE(step_tokens, partition.size());
      const Found cut = reduce(partition, step_tokens);
      CHECK(cut.owners == 1);
      CHECK(cut.elements == one.elements);
      for (int copy = 0; copy < 2; ++copy) {
        CHECK(cut.gradients[copy] == one.gradients[0]);
        CHECK(cut.values[copy] == one.values[0]);
      }
    }
  }
}

}  // namespace tied_gradients_test
