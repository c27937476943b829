#include <cstdint>
#include <utility>
#include <vector>

#include "catch.h"
#include "nn/layer.h"
#include "pipeline/stage.h"

using namespace pipetrain;

namespace stage_documents_test {

namespace {

// Keeps what it is told of documents.
class Listener : public Layer {
 public:
  explicit Listener(const Shape& row) : Layer("layers.0.listener", row, row) {}
  Tensor forward(const Context& context, Tensor x, Saved&) override {
    const std::int32_t* const starts = context.document_starts;
    heard = starts == nullptr ? std::vector<std::int32_t>()
                              : std::vector<std::int32_t>(starts, starts + x.elements() / 2);
    return x;
  }
  Tensor backward_input(const Context&, Tensor dy, Saved&) override { return dy; }
  void backward_weight(const Context&, Saved&) override {}

  std::vector<std::int32_t> heard;
};

}  // namespace

TEST_CASE("Where rows are filled up, the filling is a document of its own") {
  MemoryPool pool;
  Ops ops(pool);
  const StepContext step{.mode = Mode::kEvaluate, .rows = 2, .microbatches = 1};
  const auto heard = [&](const Shape& row) {
    Listener layer(row);
    Stage stage(0, {&layer}, /*last=*/false, ops);
    stage.begin(step);
    Tensor lengths(pool, {2}, DType::kInt32);
    lengths.i32()[0] = 1;
    lengths.i32()[1] = 3;
    stage.take_documents(0, std::move(lengths));
    stage.forward(step, 0, Tensor(pool, row.batched(2)), {});
    return layer.heard;
  };
  CHECK(heard({3, 2}) == std::vector<std::int32_t>{0, 1, 1, 0, 0, 0});
  CHECK(heard({2}).empty());  // a vector for each row: no tokens are left
}

}  // namespace stage_documents_test
