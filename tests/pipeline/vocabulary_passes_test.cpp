#include "pipeline/vocabulary_passes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "small_model.h"

using namespace pipetrain;

namespace vocabulary_passes_test {

namespace {

constexpr std::int64_t kRows = 2;

// The last stage, of rank 1, hands activations to pieces on both ranks and gets their gradient.
Tensor run(int pieces, bool twice, MemoryPool& pool) {
  Tensor found;
  std::mutex mutex;
  InProcess group(pieces, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int rank) {
    MemoryPool own;
    Ops ops(own);
    const SmallModel model;
    const auto piece = model.layers.back()->vocabulary_piece(
        {rank, pieces}, twice ? PieceGradient::kInBackward : PieceGradient::kInForward);
    Parameter& weight = piece->parameters()[0];
    std::vector<float> value(static_cast<std::size_t>(weight.elements())), gradient(value.size());
    initialize(weight, 3, value);
    weight.value = value.data();
    weight.gradient = gradient.data();
    Stage stage(2 + rank, {piece.get()}, /*last=*/false, ops);
    const auto mailbox = group.mailbox(rank, own);
    std::vector<int> ranks;
    for (int r = 0; r < pieces; ++r) ranks.push_back(r);
    VocabularyPasses passes(
        {.pieces = ranks, .last_stage = 1, .last_rank = pieces - 1, .waits_twice = twice}, stage,
        *mailbox, ops);
    const StepContext step{.rows = kRows, .gradient_scale = 0.125};
    Recorder recorder(own);
    stage.begin(step);
    passes.begin(step);
    passes.expect_targets(step, {kTokens});
    if (rank == 0) {
      for (int r = 0; r < pieces; ++r) {
        Tensor targets(own, {kRows, kTokens}, DType::kInt32);
        for (std::int64_t i = 0; i < targets.elements(); ++i) {
          targets.i32()[i] = static_cast<std::int32_t>(3 * i % kVocabulary);
        }
        mailbox->send({Channel::kTarget, r, 1, 0, step.parity()}, std::move(targets));
      }
    }
    passes.post_forward(0, step);
    const bool last = rank + 1 == pieces;
    CHECK(passes.ends_here() == last);
    if (last) {
      passes.post_results(0, step);
      Tensor y(own, {kRows, kTokens, 8});
      for (std::int64_t i = 0; i < y.elements(); ++i) y.f32()[i] = static_cast<float>(i % 7) - 3;
      passes.send_activations(0, std::move(y), step);
    }
    passes.forward({Op::kVocabularyForward, rank, 0}, step, recorder);
    passes.post_backward(0, step);
    const auto backward = [&] {
      passes.backward({Op::kVocabularyBackward, rank, 0}, step, recorder);
    };
    if (twice) backward();
    if (last) {
      const Tensor dx = passes.output_gradient({Op::kBackwardInput, 1, 0}, step, recorder);
      const std::lock_guard lock(mutex);
      found = Tensor(pool, dx.shape());
      std::copy_n(dx.f32(), dx.elements(), found.f32());
      CHECK(passes.loss().counted() == kRows * kTokens);
    }
    if (!twice) backward();
    CHECK(std::ranges::any_of(gradient, [](float g) { return g != 0; }));
  });
  return found;
}

}  // namespace

TEST_CASE("Pieces on several ranks give the last stage the gradient of the whole head") {
  MemoryPool pool;
  const Tensor alone = run(1, false, pool);
  for (const auto& [pieces, twice] : {std::pair(3, false), {1, true}, {3, true}, {4, true}}) {
    CAPTURE(pieces, twice);
    const Tensor shared = run(pieces, twice, pool);
    REQUIRE(alone.shape() == shared.shape());
    for (std::int64_t i = 0; i < alone.elements(); ++i) {
      CHECK(shared.f32()[i] == Approx(alone.f32()[i]).margin(1e-6));
    }
  }
}

}  // namespace vocabulary_passes_test
