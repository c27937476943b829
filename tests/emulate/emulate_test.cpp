// Emulated pipelines: layers that wait as long as they should, and an engine that runs a schedule's
// actions with them.
#include "emulate/emulate.h"

#include <cstddef>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "emulate/emulated_rank.h"
#include "emulate/wait_layer.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"

using namespace pipetrain;

namespace {

constexpr StageCost kCost{0.002, 0.004, 0.006};

struct Chain {
  MemoryPool pool;
  Ops ops{pool};
  Context context{.ops = ops};
  std::vector<std::unique_ptr<Layer>> layers;
  std::vector<Saved> saved;

  explicit Chain(const WaitStageShape& shape, const StageCost& cost = kCost)
      : layers(wait_layers(shape, cost)), saved(layers.size()) {}

  Tensor forward(Tensor x) {
    for (std::size_t i = 0; i < layers.size(); ++i)
      x = layers[i]->forward(context, std::move(x), saved[i]);
    return x;
  }
  Tensor backward_input(Tensor dy) {
    for (std::size_t i = layers.size(); i-- > 0;)
      dy = layers[i]->backward_input(context, std::move(dy), saved[i]);
    return dy;
  }
  void backward_weight() {
    for (std::size_t i = layers.size(); i-- > 0;) layers[i]->backward_weight(context, saved[i]);
  }
};

template <class Body>
double seconds_of(const Body& body) {
  const double start = wall_seconds();
  body();
  return wall_seconds() - start;
}

// What each rank's engine computed in one step, in order.
std::vector<std::vector<Action>> executed(const Schedule& schedule, const Costs& costs) {
  const int ranks = schedule.rank_count();
  std::vector<std::vector<Action>> actions(static_cast<std::size_t>(ranks));
  InProcess group(ranks, {.timeout_seconds = 60, .oversubscribed = true});
  group.run([&](int rank) {
    MemoryPool pool;
    const auto mailbox = group.mailbox(rank, pool);
    EmulatedRank emulated(schedule, costs, 64, *mailbox, pool);
    emulated.feed(0);
    emulated.run(0);
    for (const Span& span : emulated.recorder().spans()) {
      if (!span.waiting) actions[static_cast<std::size_t>(rank)].push_back(span.action);
    }
  });
  return actions;
}

}  // namespace

TEST_CASE("A stage's layers wait its times, together and not once each") {
  Chain chain({.input_row = {16}, .message_row = {16}, .output_row = {16}});
  CHECK(chain.layers.size() == 3);  // about two milliseconds each
  Tensor x(chain.pool, {1, 16});
  const double forward = seconds_of([&] { x = chain.forward(std::move(x)); });
  const double input = seconds_of([&] { x = chain.backward_input(std::move(x)); });
  const double weight = seconds_of([&] { chain.backward_weight(); });
  CHECK(forward >= kCost.forward);
  CHECK(input >= kCost.backward_input);
  CHECK(weight >= kCost.backward_weight);
}

TEST_CASE("A late start of a layer is made good by the next ones") {
  Chain chain({.input_row = {16}, .message_row = {16}, .output_row = {16}}, {0.6, 0, 0});
  REQUIRE(chain.layers.size() == 256);
  Tensor x(chain.pool, {1, 16});
  double action = wall_seconds(), last = 0;
  for (std::size_t i = 0; i < chain.layers.size(); ++i) {
    if (i == 1)
      while (wall_seconds() < action + 0.4) {
      }
    last = wall_seconds();
    x = chain.layers[i]->forward(chain.context, std::move(x), chain.saved[i]);
  }
  CHECK(wall_seconds() - action >= 0.6);
  CHECK(last - action <= 0.6 + 0.3);  // 1.0 if each waited its own share
}

TEST_CASE("What comes in is handed on; where the shape changes, zeros of the new shape are") {
  Chain middle({.input_row = {16}, .message_row = {16}, .output_row = {16}});
  Tensor x(middle.pool, {1, 16});
  const float* data = x.f32();
  CHECK(middle.forward(std::move(x)).f32() == data);

  Chain first({DType::kInt32, {1}, {16}, {16}});
  CHECK(first.layers.front()->input_dtype() == DType::kInt32);
  const Tensor y = first.forward(Tensor(first.pool, {1, 1}, DType::kInt32));
  CHECK(y.shape() == Shape{1, 16});
  CHECK(std::accumulate(y.f32(), y.f32() + 16, 0.0f) == 0.0f);
  CHECK(first.backward_input(Tensor(first.pool, {1, 16})).empty());

  Chain last({.input_row = {16}, .message_row = {16}, .output_row = {1, 2}});
  CHECK(last.forward(Tensor(last.pool, {1, 16})).shape() == Shape{1, 1, 2});
  CHECK(last.backward_input(Tensor(last.pool, {1, 1, 2})).shape() == Shape{1, 16});
}

TEST_CASE("The engine computes the schedule's actions, in its order") {
  for (const std::string& name : schedule_names()) {
    for (const int ranks : {1, 2, 4}) {
      INFO(name << " on " << ranks << " ranks");
      const Schedule schedule = generate(name, ranks, default_virtual_stages(name), 8);
      const Costs costs = equal_costs(schedule, 2e-4, 1e-4, 1e-4);
      CHECK(executed(schedule, costs) == split_backward(schedule).ranks);
    }
  }
}

TEST_CASE("An emulation is never faster than its simulation, and counts live microbatches") {
  for (const std::string name : {"gpipe", "1f1b", "zbv"}) {
    INFO(name);
    const Schedule schedule = generate(name, 2, default_virtual_stages(name), 6);
    const Costs costs = equal_costs(schedule, 0.002, 0.002, 0.002);
    std::vector<Emulation> found(2);
    InProcess group(2, {.timeout_seconds = 60, .oversubscribed = true});
    group.run([&](int rank) {
      MemoryPool pool;
      const auto mailbox = group.mailbox(rank, pool);
      const auto collective = group.collective(rank);
      found[static_cast<std::size_t>(rank)] =
          emulate(schedule, costs, {.message_bytes = 64, .steps = 3}, {"here", "here"}, *mailbox,
                  *collective, pool);
    });
    const Timeline simulated = simulate(schedule, costs);
    for (const Emulation& emulation : found) {
      CHECK(emulation.simulated_seconds == simulated.makespan());
      CHECK(emulation.bubble_simulated == simulated.bubble_fraction());
      CHECK(emulation.measured_seconds >= emulation.simulated_seconds);
      CHECK(emulation.bubble_measured > 0);
      CHECK(emulation.bubble_measured < 1);
      CHECK(emulation.step_seconds.size() == 3);
      CHECK(emulation.peak_live_microbatches == simulated.peak_live_microbatches);
    }
    CHECK(found[0].measured_seconds == found[1].measured_seconds);
  }
}

TEST_CASE("A message's time is measured between neighbours, and 0 where there are none") {
  for (const int ranks : {1, 3}) {
    InProcess group(ranks, {.timeout_seconds = 60, .oversubscribed = true});
    std::vector<double> seconds(static_cast<std::size_t>(ranks));
    group.run([&](int rank) {
      MemoryPool pool;
      const auto mailbox = group.mailbox(rank, pool);
      const auto collective = group.collective(rank);
      seconds[static_cast<std::size_t>(rank)] =
          measure_message_seconds(4096, *mailbox, *collective, pool);
    });
    for (const double each : seconds) CHECK(each == seconds[0]);
    CHECK((seconds[0] > 0) == (ranks > 1));
  }
}
