#include "pipeline/replica_sum.h"

#include <algorithm>
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

TEST_CASE("Buckets and their parts cut a stage's buffer at chunks, from its end, tied ones apart") {
  const SmallModel model;
  MemoryPool pool;
  const auto store = model.store(pool, {0}, {0});
  const StageParameters& stage = store->stages()[0];
  const std::size_t tied = store->tied().at(0).slot;
  for (const int replicas : {1, 2, 3, 5}) {
    for (const std::int64_t most : {std::int64_t{1}, kMost, std::int64_t{1} << 20}) {
      const std::vector<Bucket> buckets = make_buckets(stage, {replicas, 0, most});
      std::vector<int> covered(static_cast<std::size_t>(stage.values.elements()));
      for (std::size_t b = 0; b < buckets.size(); ++b) {
        const Bucket& bucket = buckets[b];
        CHECK(bucket.cuts.size() == static_cast<std::size_t>(replicas) + 1);
        CHECK(std::is_sorted(bucket.cuts.begin(), bucket.cuts.end()));
        if (b > 0) CHECK(bucket.begin < buckets[b - 1].begin);
        const std::int64_t first = stage.slots[tied].offset,
                           end = first + stage.slots[tied].elements;
        const std::int64_t last = bucket.begin + static_cast<std::int64_t>(bucket.elements());
        CHECK(bucket.tied() == (bucket.begin >= first && bucket.begin < end));
        CHECK(bucket.tied() == (last > first && last <= end));
        for (std::size_t i = 0; i < bucket.elements(); ++i) {
          ++covered[static_cast<std::size_t>(bucket.begin) + i];
        }
      }
      CHECK(covered == std::vector<int>(covered.size(), 1));

      std::int64_t elements = 0;
      for (int replica = 0; replica < replicas; ++replica) {
        for (const Piece& piece : pieces_of(stage, buckets, replica)) {
          CHECK(piece.first % kChunkElements == 0);
          if (replica == 0) CHECK(piece.at == piece.slot->offset + piece.first);
          const std::int64_t end = piece.first + piece.elements;
          CHECK((end % kChunkElements == 0 || end == piece.slot->elements));
          elements += piece.elements;
        }
      }
      CHECK(elements == stage.values.elements());
    }
  }
}

TEST_CASE("Sharded, no bucket spans layers, and a replica's pieces lie one after the other") {
  const SmallModel model;
  MemoryPool pool;
  const auto store = model.store(pool, {0}, {0});
  const StageParameters& stage = store->stages()[0];
  for (const int replicas : {2, 3}) {
    for (int replica = 0; replica < replicas; ++replica) {
      const std::vector<Bucket> buckets =
          make_buckets(stage, {replicas, replica, std::int64_t{1} << 20, /*sharded=*/true});
      for (const Bucket& bucket : buckets) {
        const auto next = bucket.layer + 1;
        const std::int64_t end =
            next < stage.layer_offsets.size() ? stage.layer_offsets[next] : stage.elements();
        CHECK(bucket.begin >= stage.layer_offsets[bucket.layer]);
        CHECK(bucket.begin + static_cast<std::int64_t>(bucket.elements()) <= end);
      }
      std::int64_t at = 0;
      for (const Piece& piece : pieces_of(stage, buckets, replica)) {
        CHECK(piece.at == at);
        at += piece.elements;
      }
    }
  }
}

TEST_CASE("Parts of a bucket of many chunks are even") {
  StageParameters stage;
  Parameter parameter;
  stage.slots.push_back({&parameter, 0, 64 * kChunkElements, 0});
  for (const int replicas : {2, 4, 8}) {
    const Bucket bucket = make_buckets(stage, {replicas, 0, std::int64_t{1} << 30}).at(0);
    for (std::size_t r = 0; r + 1 < bucket.cuts.size(); ++r) {
      CHECK(bucket.cuts[r + 1] - bucket.cuts[r] ==
            static_cast<std::size_t>(64 / replicas * kChunkElements));
    }
  }
}

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
      TiedGradients ties(*store, *mailbox, ops, [rank](int) { return rank; });
      ReplicaSum sum(*store, buckets, collective, pool, std::move(ties), gathers);
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
