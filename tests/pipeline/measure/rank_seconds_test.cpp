#include "pipeline/measure/rank_seconds.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace rank_seconds_test {

namespace {

// Takes so long for each F, and says whether another rank's ran meanwhile.
class Slow final : public Layer {
 public:
  Slow(double seconds, std::atomic<int>& running, bool& overlapped)
      : Layer("layers.1.slow", {4}, {4}),
        seconds_(seconds),
        running_(running),
        overlapped_(overlapped) {}

  Tensor forward(const Context&, Tensor x, Saved&) override {
    if (running_++ > 0) overlapped_ = true;
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds_));
    --running_;
    return x;
  }
  Tensor backward_input(const Context&, Tensor dy, Saved&) override { return dy; }
  void backward_weight(const Context&, Saved&) override {}

 private:
  double seconds_;
  std::atomic<int>& running_;
  bool& overlapped_;
};

}  // namespace

TEST_CASE("Each rank times the same layer, in turn where ranks share cores") {
  constexpr int kRanks = 3;
  std::atomic<int> running{0};
  std::vector<std::vector<double>> found(kRanks);
  bool overlapped[kRanks] = {};
  InProcess group(kRanks, {.timeout_seconds = 60, .oversubscribed = true});
  group.run([&](int rank) {
    LayerList layers;
    for (const int shorter : {10, 1, 10}) {
      const double seconds = (rank == 1 ? 0.02 : 0.01) / shorter;
      layers.push_back(std::make_unique<Slow>(seconds, running, overlapped[rank]));
    }
    const auto world = group.collective(rank);
    found[static_cast<std::size_t>(rank)] = measure_rank_seconds(
        {.layers = layers, .layer = 1, .place = {}, .rows = 1, .rounds = {0, 1, 2}}, *world);
  });
  CHECK(found[1] == found[0]);
  CHECK(found[2] == found[0]);
  REQUIRE(found[0].size() == kRanks);
  CHECK(found[0][0] >= 0.01);
  CHECK(found[0][1] >= 0.02);
  CHECK(found[0][2] >= 0.01);
  for (const bool each : overlapped) CHECK_FALSE(each);
}

}  // namespace rank_seconds_test
