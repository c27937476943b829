#include "pipeline/embedding_passes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "small_model.h"

using namespace pipetrain;

namespace embedding_passes_test {

namespace {

constexpr std::int64_t kRows = 2;

struct Found {
  std::vector<float> rows, gradient;  // of the table
};

// Ids that all ranks get, and the gradient of their rows, 1, 2, 3, ...
Found run(int pieces, int first) {
  Found found;
  std::mutex mutex;
  std::vector<int> chain{first};
  for (int rank = 0; rank < pieces; ++rank) {
    if (rank != first) chain.push_back(rank);
  }
  InProcess group(pieces, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int rank) {
    MemoryPool own;
    Ops ops(own);
    const SmallModel model;
    const auto piece = model.layers.front()->embedding_piece({rank, pieces});
    Parameter& table = piece->parameters()[0];
    std::vector<float> value(static_cast<std::size_t>(table.elements())), gradient(value.size());
    initialize(table, 3, value);
    table.value = value.data();
    table.gradient = gradient.data();
    Stage stage(2 + rank, {piece.get()}, /*last=*/false, ops);
    const auto mailbox = group.mailbox(rank, own);
    EmbeddingPasses passes(chain, stage, *mailbox, own);
    const StepContext step{.rows = kRows};
    Recorder recorder(own);
    stage.begin(step);
    passes.begin(step);
    passes.expect_ids(step);
    for (int r = 0; rank == 0 && r < pieces; ++r) {
      Tensor ids(own, {kRows, kTokens}, DType::kInt32);
      for (std::int64_t i = 0; i < ids.elements(); ++i) {
        ids.i32()[i] = static_cast<std::int32_t>(3 * i % kVocabulary);
      }
      mailbox->send({Channel::kInput, r, 0, 0, step.parity()}, std::move(ids));
    }
    if (rank != chain.back()) passes.post_forward(0, step);
    passes.forward({Op::kEmbeddingForward, rank, 0}, step, recorder);
    if (rank == first) {
      Tensor rows = passes.take_rows(0);
      const std::lock_guard lock(mutex);
      found.rows.assign(rows.f32(), rows.f32() + rows.elements());
      found.gradient.resize(static_cast<std::size_t>(kVocabulary * rows.shape().back()));
      for (std::int64_t i = 0; i < rows.elements(); ++i) rows.f32()[i] = static_cast<float>(i + 1);
      passes.give_gradient(0, std::move(rows));
    } else {
      passes.post_backward(0, step);
    }
    passes.backward({Op::kEmbeddingBackward, rank, 0}, step, recorder);
    const std::lock_guard lock(mutex);
    const auto before = table.slicing.sliced() ? table.slicing.ranges[0].first : 0;
    std::ranges::copy(gradient, found.gradient.begin() + before * table.shape.back());
  });
  return found;
}

}  // namespace

TEST_CASE("Pieces on several ranks look up what one does, and add the same gradient") {
  const Found alone = run(1, 0);
  REQUIRE(std::ranges::any_of(alone.gradient, [](float g) { return g != 0; }));
  for (const int first : {0, 1}) {
    CAPTURE(first);
    const Found shared = run(3, first);
    CHECK(shared.rows == alone.rows);
    CHECK(shared.gradient == alone.gradient);
  }
}

}  // namespace embedding_passes_test
