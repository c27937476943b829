#include "pipeline/replica_sum.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "small_model.h"

using namespace pipetrain;

namespace replica_sum_test {

namespace {

// Buckets of one chunk, or little more, so that a small model has several.
constexpr std::int64_t kMost = 200;

// Counts what is started, and hands it on.
class CountingCollective final : public Collective {
 public:
  explicit CountingCollective(std::unique_ptr<Collective> real) : real_(std::move(real)) {}
  int rank() const override { return real_->rank(); }
  int size() const override { return real_->size(); }
  void all_reduce(std::span<double> values) override { real_->all_reduce(values); }
  void all_reduce(std::span<float> values) override { real_->all_reduce(values); }
  void broadcast(std::span<std::byte> bytes, int root) override { real_->broadcast(bytes, root); }
  void barrier() override { real_->barrier(); }
  std::vector<std::string> all_gather_text(const std::string& text) override {
    return real_->all_gather_text(text);
  }
  std::unique_ptr<Pending> start_reduce_scatter(std::span<float> whole, const Cuts& cuts,
                                                Tensor scratch) override {
    ++started;
    return real_->start_reduce_scatter(whole, cuts, std::move(scratch));
  }
  std::unique_ptr<Pending> start_all_gather(std::span<float> whole, const Cuts& cuts) override {
    ++gathers;
    return real_->start_all_gather(whole, cuts);
  }
  void wait_for(const std::function<bool()>& done, const std::string& what) override {
    real_->wait_for(done, what);
  }

  int started = 0, gathers = 0;

 private:
  std::unique_ptr<Collective> real_;
};

void require(bool condition, const char* what) {  // Catch's macros are for one thread
  if (!condition) throw std::runtime_error(what);
}

float gradient_of(int replica, std::int64_t i) {
  return 1.0f / static_cast<float>(3 * replica + 1) + static_cast<float>(i % 17);
}

}  // namespace

TEST_CASE("A bucket is summed as soon as its layers are done, in the replicas' order") {
  constexpr int kReplicas = 3;
  for (const bool gathers : {true, false}) {
    InProcess group(kReplicas, {.timeout_seconds = 30, .oversubscribed = true});
    group.run([&](int rank) {
      MemoryPool pool;
      const SmallModel model;
      const auto store = model.store(pool, {0}, {0});
      StageParameters& stage = store->stages()[0];
      const BucketRule rule{kReplicas, rank, kMost};
      const std::vector<std::vector<Bucket>> buckets{make_buckets(stage, rule)};
      part_tied(*store, buckets, rule);
      TiedParameter& tied = store->tied().at(0);
      const std::int64_t tied_begin = stage.slots[tied.slot].offset,
                         tied_end = tied_begin + stage.slots[tied.slot].elements;
      const auto of_tied = static_cast<int>(tied.parts.size());
      CountingCollective collective(group.collective(rank));
      Ops ops(pool);
      const auto mailbox = group.mailbox(rank, pool);
      TiedGradients ties(*store, *mailbox, ops, [rank](int, int) { return rank; });
      std::unique_ptr<BucketSum> made;
      if (gathers) {
        made = std::make_unique<ReplicaSum>(*store, buckets, collective, pool, std::move(ties));
      } else {
        made = std::make_unique<SharedOutSum>(*store, buckets, collective, pool, std::move(ties));
      }
      BucketSum& sum = *made;
      const std::size_t allocations = pool.system_allocations();
      for (int step = 0; step < 2; ++step) {
        collective.started = collective.gathers = 0;
        float* gradients = stage.gradients.f32();
        for (std::int64_t i = 0; i < stage.gradients.elements(); ++i) {
          gradients[i] = gradient_of(rank, i);
        }
        for (std::int64_t i = tied_begin; i < tied_end; ++i) {
          tied.earlier_gradient.f32()[i - tied_begin] = 2 * gradient_of(rank, i);
        }
        sum.begin();
        const std::size_t layers = stage.layer_offsets.size();
        sum.after_weights(0, layers - 1, /*last_microbatch=*/false);
        require(collective.started == 0, "other microbatches are still to come");
        sum.after_weights(0, layers - 1, true);
        require(collective.started == of_tied, "the head's only weight, of which it is one use");
        sum.after_weights(0, layers - 3, true);
        const int early = collective.started;
        require(early > of_tied, "the last layers' buckets start first");
        sum.after_weights(0, 0, true);
        sum.finish(step % 2);
        require(early < collective.started, "the others start later");
        const int all = static_cast<int>(buckets[0].size());
        require(collective.started == all + of_tied,
                "each starts once, of a tied weight's uses each");
        require(collective.gathers == (gathers ? all : 0), "gathers, of tied weights once");

        const auto check = [&](std::int64_t i) {
          float expected = gradient_of(0, i);
          for (int r = 1; r < kReplicas; ++r) expected += gradient_of(r, i);
          if (i >= tied_begin && i < tied_end) expected += 2 * expected;
          require(gradients[i] == expected, "sum in ascending order");
        };
        if (gathers) {
          for (std::int64_t i = 0; i < stage.gradients.elements(); ++i) check(i);
          continue;
        }
        for (const Piece& piece : pieces_of(stage, buckets[0], rank)) {
          for (std::int64_t i = 0; i < piece.elements; ++i) {
            check(piece.at + i);
            stage.values.f32()[piece.at + i] = static_cast<float>(rank + step);
          }
        }
        sum.gather_updated();
        for (int r = 0; r < kReplicas; ++r) {
          for (const Piece& piece : pieces_of(stage, buckets[0], r)) {
            const std::int64_t at = piece.slot->offset + piece.first;
            require(stage.values.f32()[at] == static_cast<float>(r + step), "weights");
          }
        }
      }
      require(pool.system_allocations() == allocations, "no memory is taken while it runs");
    });
  }
}

}  // namespace replica_sum_test
