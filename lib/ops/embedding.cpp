#include "ops/embedding.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ops/row_loops.h"
#include "ops/work_log.h"

namespace pipetrain {

void embedding_forward(Ops& ops, TableRows has, const std::int32_t* ids, ConstMatrix table,
                       Matrix y) {
  const std::int64_t width = y.columns();
  assert(table.columns() == width &&
         (table.dtype() == DType::kFloat32 || y.dtype() == DType::kFloat32));
  const WorkScope scope(ops, [&] {
    const ConstMatrix rows = with_entries(
        table.dtype(), [&]<class T>() { return ConstMatrix(table.as<T>(), y.rows(), width); });
    return vector_work("look-up", 0, {y, rows});
  });
  for_rows(ops, y, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row) {
    if (!has.has(ids[row])) {
      std::memset(y.row<T>(row), 0, static_cast<std::size_t>(width) * sizeof(T));
    } else if (const std::int64_t at = has.row(ids[row]); table.dtype() == DType::kFloat32) {
      simd.round(table.row<float>(at), y.row<T>(row), width);
    } else {
      ops.simd().on_bfloat16.widen(table.row<BFloat16>(at), y.row<float>(row), width);
    }
  });
}

void write_rows(Ops& ops, TableRows has, const std::int32_t* ids, ConstMatrix table, Matrix y) {
  const std::int64_t width = y.columns();
  const WorkScope scope(ops, [&] { return vector_work("look-up", 0, {y, y}); });
  for_rows(ops, y, [&]<class T>(const ActivationKernels<T>&, std::int64_t row) {
    if (!has.has(ids[row])) return;
    std::memcpy(y.row<T>(row), table.row<T>(has.row(ids[row])),
                static_cast<std::size_t>(width) * sizeof(T));
  });
}

void pick_rows(Ops& ops, std::span<const std::int32_t> rows, ConstMatrix table, Matrix picked) {
  const WorkScope scope(ops, [&] { return vector_work("pick rows", 0, {picked, picked}); });
  for_rows(ops, picked, [&]<class T>(const ActivationKernels<T>&, std::int64_t i) {
    std::memcpy(picked.row<T>(i), table.row<T>(rows[static_cast<std::size_t>(i)]),
                static_cast<std::size_t>(picked.columns()) * sizeof(T));
  });
}

void add_picked(Ops& ops, std::span<const std::int32_t> rows, ConstMatrix picked, Matrix table) {
  const WorkScope scope(ops, [&] { return vector_work("add rows", 1, {picked, picked, picked}); });
  for_rows(ops, picked, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t i) {
    simd.add(table.row<T>(rows[static_cast<std::size_t>(i)]), picked.row<T>(i), picked.columns());
  });
}

void add_rows(Ops& ops, std::span<const std::int32_t> rows, ConstMatrix from, Matrix table) {
  const auto count = static_cast<std::int64_t>(rows.size());
  const ConstMatrix some(from.as<float>(), count, from.columns());
  const WorkScope scope(ops, [&] { return vector_work("add rows", 1, {some, some, some}); });
  for_rows(ops, some, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t i) {
    const std::int32_t row = rows[static_cast<std::size_t>(i)];
    simd.add(table.row<T>(row), from.row<T>(row), from.columns());
  });
}

void add_positions(Ops& ops, ConstMatrix positions, Matrix y, const std::int32_t* document_starts) {
  const WorkScope scope(ops, [&] { return vector_work("add positions", 1, {y, y, positions}); });
  assert(y.rows() % positions.rows() == 0 && y.columns() == positions.columns());
  for_rows(ops, y, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row) {
    const std::int64_t start = document_starts == nullptr ? 0 : document_starts[row];
    simd.add_values(y.row<T>(row), positions.row<float>(row % positions.rows() - start),
                    y.columns());
  });
}

// Threads share the columns, so that each adds its part of every row in row order.
void embedding_backward(Ops& ops, TableRows has, const std::int32_t* ids, ConstMatrix dy,
                        float* dtable) {
  constexpr std::int64_t kGrainColumns = 64;
  const std::int64_t width = dy.columns();
  const WorkScope scope(ops, [&] {
    const ConstMatrix rows(dtable, dy.rows(), width);
    return vector_work("look-up", 1, {dy, rows, rows});
  });
  with_entries(dy.dtype(), [&]<class T>() {
    parallel_ranges(width, kGrainColumns, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = 0; i < dy.rows(); ++i) {
        if (!has.has(ids[i])) continue;
        ops.simd().on<T>().add_to_sums(dtable + has.row(ids[i]) * width + begin,
                                       dy.row<T>(i) + begin, end - begin);
      }
    });
  });
}

namespace {

// Positions occur in any order: threads share the columns, so that each adds in row order.
void add_to_positions(Ops& ops, ConstMatrix dy, Matrix dpositions, bool accumulate,
                      const std::int32_t* document_starts) {
  constexpr std::int64_t kGrainColumns = 64;
  const std::int64_t width = dpositions.columns(), tokens = dpositions.rows();
  const ConstMatrix rows = dy.in_rows(dy.entries() / width);
  with_entries(dy.dtype(), [&]<class T>() {
    parallel_ranges(width, kGrainColumns, [&](std::int64_t begin, std::int64_t end, int) {
      if (!accumulate) {
        for (std::int64_t t = 0; t < tokens; ++t) {
          std::fill(dpositions.row<float>(t) + begin, dpositions.row<float>(t) + end, 0.0f);
        }
      }
      for (std::int64_t i = 0; i < rows.rows(); ++i) {
        ops.simd().on<T>().add_to_sums(
            dpositions.row<float>(i % tokens - document_starts[i]) + begin, rows.row<T>(i) + begin,
            end - begin);
      }
    });
  });
}

}  // namespace

void position_backward(Ops& ops, ConstMatrix dy, Matrix dpositions, bool accumulate,
                       const std::int32_t* document_starts) {
  const WorkScope scope(ops, [&] { return vector_work("add positions", 1, {dy, dpositions}); });
  if (document_starts != nullptr) {
    return add_to_positions(ops, dy, dpositions, accumulate, document_starts);
  }
  const ConstMatrix sequences = dy.in_rows(dy.entries() / dpositions.entries());
  auto* const to = dpositions.as<float>();
  with_entries(dy.dtype(), [&]<class T>() {
    const ActivationKernels<T>& simd = ops.simd().on<T>();
    parallel_ranges(dpositions.entries(), kGrainEntries,
                    [&](std::int64_t begin, std::int64_t end, int) {
                      if (!accumulate) simd.widen(dy.as<T>() + begin, to + begin, end - begin);
                      for (std::int64_t row = accumulate ? 0 : 1; row < sequences.rows(); ++row) {
                        simd.add_to_sums(to + begin, sequences.row<T>(row) + begin, end - begin);
                      }
                    });
  });
}

}  // namespace pipetrain
