#include "ops/work_log.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "ops/activation.h"
#include "ops/attention/attention.h"
#include "ops/convolution.h"
#include "ops/linear.h"

using namespace pipetrain;

namespace {

void wait_milliseconds(int n) { std::this_thread::sleep_for(std::chrono::milliseconds(n)); }

const WorkRow& row_of(const std::vector<WorkRow>& rows, const std::string& operation) {
  for (const WorkRow& row : rows) {
    if (row.work.operation == operation) return row;
  }
  FAIL("no row of " << operation);
  return rows.front();
}

// What operations say of themselves in `body`.
template <class Body>
std::vector<WorkRow> logged(Ops& ops, const Body& body) {
  WorkLog log;
  ops.set_work_log(&log);
  body();
  ops.set_work_log(nullptr);
  return log.rows();
}

}  // namespace

TEST_CASE("An operation's time is not counted for what it is called in") {
  WorkLog log;
  const auto start = std::chrono::steady_clock::now();
  log.begin(WorkPlace{"mlp", "F"});
  wait_milliseconds(2);
  log.begin(Work{.operation = "outer", .flop = 10, .bytes = 4});
  log.begin(Work{.operation = "inner", .flop = 1, .bytes = 2});
  wait_milliseconds(20);
  log.end();
  log.end();
  log.begin(Work{.operation = "outer", .flop = 10, .bytes = 4});
  log.end();
  log.end();
  const double all =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const std::vector<WorkRow> rows = log.rows();
  REQUIRE(rows.size() == 3);
  double sum = 0;
  for (const WorkRow& row : rows) {
    CHECK(row.place.layer == "mlp");
    CHECK(row.place.pass == "F");
    sum += row.seconds;
  }
  CHECK(sum <= all);
  const WorkRow &layer = row_of(rows, "(other)"), &outer = row_of(rows, "outer"),
                &inner = row_of(rows, "inner");
  CHECK(layer.work.kind == WorkKind::kOther);
  CHECK(layer.seconds >= 0.002);
  CHECK(layer.seconds + outer.seconds <= all - inner.seconds);
  CHECK(inner.seconds >= 0.02);
  CHECK(outer.calls == 2);
  CHECK(outer.work.flop == 20);
  CHECK(outer.work.bytes == 8);
  CHECK(inner.calls == 1);
}

TEST_CASE("Rows are of a layer, a pass and an operation") {
  WorkLog log;
  for (const char* pass : {"F", "I"}) {
    for (const char* layer : {"mlp", "attention"}) {
      log.begin(WorkPlace{layer, pass});
      log.begin(Work{.operation = "add"});
      log.end();
      log.end();
    }
  }
  CHECK(log.rows().size() == 8);
  log.begin(Work{.operation = "round"});  // in no layer
  log.end();
  CHECK(row_of(log.rows(), "round").place.layer.empty());
}

TEST_CASE("A scope without a log neither describes nor times") {
  MemoryPool pool;
  Ops ops(pool);
  bool described = false;
  const auto describe = [&] {
    described = true;
    return Work{.operation = "never"};
  };
  {
    const WorkScope scope(ops, describe);
  }
  CHECK(!described);
  CHECK(logged(ops, [&] { const WorkScope scope(ops, describe); }).size() == 1);
  CHECK(described);
}

TEST_CASE("A linear map's three products are of one name, and their bytes are their matrices'") {
  constexpr std::int64_t kRows = 4, kIn = 8, kOut = 16;
  MemoryPool pool;
  Ops ops(pool);
  const std::vector<float> weight(kIn * kOut, 1.0f);
  std::vector<float> dweight(kIn * kOut);
  Tensor x(pool, {kRows, kIn}), y(pool, {kRows, kOut});
  for (Tensor* tensor : {&x, &y}) std::fill_n(tensor->f32(), tensor->elements(), 1.0f);
  const double floats = kRows * kIn + kIn * kOut + kRows * kOut;
  const auto check = [&](const std::vector<WorkRow>& rows, double expected_floats) {
    const Work& work = row_of(rows, "product 8 to 16").work;
    CHECK(work.kind == WorkKind::kProduct);
    CHECK(work.flop == 2.0 * kRows * kIn * kOut);
    CHECK(work.bytes == 4 * expected_floats);
  };
  check(logged(ops, [&] { linear_forward(ops, x, weight.data(), nullptr, y); }), floats);
  check(logged(ops, [&] { linear_forward(ops, x, weight.data(), nullptr, y, true); }),
        floats + kRows * kOut);
  check(logged(ops, [&] { linear_backward_input(ops, y, weight.data(), x); }), floats);
  check(logged(ops, [&] { linear_backward_weight(ops, y, x, dweight.data(), nullptr, true); }),
        floats + kIn * kOut);
}

TEST_CASE("Vector kernels count each matrix as often as they go through it") {
  MemoryPool pool;
  Ops ops(pool);
  Tensor x(pool, {3, 5}), y(pool, {3, 5});
  for (Tensor* tensor : {&x, &y}) std::fill_n(tensor->f32(), tensor->elements(), 1.0f);
  const auto rows = logged(ops, [&] {
    relu_forward(ops, x, y);
    relu_backward(ops, y, x);
  });
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].calls == 2);
  CHECK(rows[0].work.bytes == (2 + 4) * 15 * 4);
  CHECK(vector_work("copy", 0, {x, Matrix(nullptr)}).bytes == 15 * 4);
}

TEST_CASE("Attention counts two products forward and five backward over the keys that are seen") {
  MemoryPool pool;
  Ops ops(pool);
  AttentionShape shape{.batch = 2, .tokens = 3, .heads = 2, .head_width = 4};
  Tensor qkv(pool, {2, 3, 24}), dqkv(pool, {2, 3, 24}), out(pool, {2, 3, 8}), dout(pool, {2, 3, 8});
  for (Tensor* tensor : {&qkv, &dout}) std::fill_n(tensor->f32(), tensor->elements(), 0.5f);
  std::vector<float> log_sum_exp(2 * 2 * 3);
  for (const bool causal : {true, false}) {
    shape.causal = causal;
    const double product = 2.0 * (2 * 2 * 4) * (causal ? 6 : 9);
    const auto forward =
        logged(ops, [&] { attention_forward(ops, shape, qkv, out, log_sum_exp.data()); });
    CHECK(row_of(forward, "attention").work.flop == 2 * product);
    CHECK(row_of(forward, "attention").work.bytes == 4 * 2 * 3 * (24 + 8));
    const auto backward = logged(
        ops, [&] { attention_backward(ops, shape, qkv, out, log_sum_exp.data(), dout, dqkv); });
    CHECK(row_of(backward, "attention").work.flop == 5 * product);
  }
}

TEST_CASE(
    "A convolution's name has its kernel, stride and channels; layouts count for themselves") {
  MemoryPool pool;
  Ops ops(pool);
  const ConvolutionShape shape{.batch = 1,
                               .image = {8, 8},
                               .window = {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}},
                               .in = 16,
                               .out = 32};
  Tensor x(pool, {1, 8, 8, 16}), y(pool, {1, 4, 4, 32});
  std::vector<float> weight(16 * 32 * 9, 0.1f), dweight(weight.size());
  for (Tensor* tensor : {&x, &y}) std::fill_n(tensor->f32(), tensor->elements(), 1.0f);
  const auto rows = logged(ops, [&] {
    convolution_forward(ops, shape, x, weight.data(), nullptr, y);
    convolution_backward_input(ops, shape, y, weight.data(), x);
    convolution_backward_weight(ops, shape, y, x, dweight.data(), nullptr, false);
  });
  const WorkRow& row = row_of(rows, "conv 3x3/2 16 to 32");
  CHECK(row.calls == 3);
  CHECK(row.work.flop == 3 * shape.flop());
  CHECK(row.work.bytes == 3 * 4 * (8 * 8 * 16 + 4 * 4 * 32 + 16 * 32 * 9));
  CHECK(row_of(rows, "weight layout").work.bytes > 0);
}
