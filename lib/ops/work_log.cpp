#include "ops/work_log.h"

#include <cassert>
#include <chrono>
#include <cstdint>
#include <utility>

namespace pipetrain {
namespace {

constexpr const char* kBetweenOperations = "(other)";

double seconds_now() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

double bytes_of(std::int64_t entries, DType dtype) {
  return static_cast<double>(entries) * static_cast<double>(element_bytes(dtype));
}

}  // namespace

Work vector_work(std::string operation, double flop_per_entry,
                 std::initializer_list<ConstMatrix> matrices) {
  Work work{.operation = std::move(operation)};
  work.flop = flop_per_entry * static_cast<double>(matrices.begin()->entries());
  for (const ConstMatrix& matrix : matrices)
    work.bytes += bytes_of(matrix.entries(), matrix.dtype());
  return work;
}

Work product_work(const MatmulShape& shape, ProductWidths widths) {
  const auto [m, n, k] = std::tuple(shape.m, shape.n, shape.k);
  return {.operation = "product " + std::to_string(widths.in) + " to " + std::to_string(widths.out),
          .kind = WorkKind::kProduct,
          .flop = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k),
          .bytes = bytes_of(m * k + k * n, shape.dtype) +
                   bytes_of((shape.accumulate ? 2 : 1) * m * n, shape.result),
          .dtype = shape.dtype};
}

void WorkLog::begin(const WorkPlace& place) {
  open(place, {.operation = kBetweenOperations, .kind = WorkKind::kOther});
}

void WorkLog::begin(const Work& work) {
  open(open_.empty() ? WorkPlace{} : open_.back()->place, work);
}

// Looking up the row counts for what it is called in, not for the operation.
void WorkLog::open(const WorkPlace& place, const Work& work) {
  WorkRow& row = rows_[{place.layer, place.pass, work.operation}];
  if (row.calls == 0) {
    row = {.place = place,
           .work = {.operation = work.operation, .kind = work.kind, .dtype = work.dtype}};
  }
  ++row.calls;
  row.work.flop += work.flop;
  row.work.bytes += work.bytes;
  const double now = seconds_now();
  if (!open_.empty()) open_.back()->seconds += now - since_;
  open_.push_back(&row);
  since_ = now;
}

void WorkLog::end() {
  assert(!open_.empty());
  const double now = seconds_now();
  open_.back()->seconds += now - since_;
  open_.pop_back();
  since_ = now;
}

std::vector<WorkRow> WorkLog::rows() const {
  std::vector<WorkRow> rows;
  rows.reserve(rows_.size());
  for (const auto& [key, row] : rows_) rows.push_back(row);
  return rows;
}

}  // namespace pipetrain
