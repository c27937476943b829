#include "ops/embedding.h"

#include <omp.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.h"
#include "reference.h"

using namespace pipetrain;

TEST_CASE("Embedding looks up and adds; its gradients are sums over the same ids, at any threads") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  const std::int64_t rows = 5, tokens = 31, vocabulary = 11;
  std::vector<std::int32_t> ids(rows * tokens);
  for (int i = 0; i < rows * tokens; ++i) ids[static_cast<std::size_t>(i)] = i * i % vocabulary;
  for (const std::int64_t width : {1, 7, 130, 5000}) {
    const Floats table = random_floats(vocabulary * width, 1);
    const Floats positions = random_floats(tokens * width, 2);
    const Floats dy = random_floats(rows * tokens * width, 3);
    const Floats start = random_floats(vocabulary * width, 4);
    Doubles y, dtable = widened(start), dpositions(positions.size());
    for (std::int64_t i = 0; i < rows * tokens * width; ++i) {
      const auto at =
          static_cast<std::size_t>(ids[static_cast<std::size_t>(i / width)] * width + i % width);
      const auto position = static_cast<std::size_t>(i % (tokens * width));
      y.push_back(static_cast<double>(table[at]) + static_cast<double>(positions[position]));
      dtable[at] += static_cast<double>(dy[static_cast<std::size_t>(i)]);
      dpositions[position] += static_cast<double>(dy[static_cast<std::size_t>(i)]);
    }
    Floats first_table;
    for (const int count : {1, 2}) {
      CAPTURE(width, count);
      omp_set_num_threads(count);
      Floats out(dy.size()), got = start, got_positions(positions.size());
      const TableRows all{0, vocabulary};
      embedding_forward(ops, all, ids.data(), matrix(table, width), matrix(out, width));
      add_positions(ops, matrix(positions, width), matrix(out, width));
      embedding_backward(ops, all, ids.data(), matrix(dy, width), got.data());
      position_backward(ops, matrix(dy, width), matrix(got_positions, width), false);
      CHECK(distance(out, y) < 1e-6);
      CHECK(distance(got, dtable) < 1e-5);
      CHECK(distance(got_positions, dpositions) < 1e-6);
      position_backward(ops, matrix(dy, width), matrix(got_positions, width), true);
      Doubles doubled = dpositions;
      for (double& value : doubled) value *= 2;
      CHECK(distance(got_positions, doubled) < 1e-6);
      if (count == 1) first_table = got;
      CHECK(same_bits(got, first_table));
    }
  }
  omp_set_num_threads(threads);
}

TEST_CASE("Rows of a table are picked and added, all others left alone") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t width = 7, count = 9;
  const std::vector<std::int32_t> rows{0, 4, 8};
  const Floats table = random_floats(count * width, 1), more = random_floats(count * width, 2);
  Floats picked(rows.size() * width), added = table, of_picked = table, expected = table;
  pick_rows(ops, rows, matrix(more, width), matrix(picked, width));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t c = 0; c < width; ++c) {
      const std::size_t at = static_cast<std::size_t>(rows[i]) * width + c;
      CHECK(picked[i * width + c] == more[at]);
      expected[at] += more[at];
    }
  }
  add_rows(ops, rows, matrix(more, width), matrix(added, width));
  add_picked(ops, rows, matrix(picked, width), matrix(of_picked, width));
  CHECK(same_bits(added, expected));
  CHECK(same_bits(of_picked, expected));
}

TEST_CASE("Two parts of a table look up what the whole does, and get its gradients") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t rows = 3, tokens = 7, width = 5, vocabulary = 11, cut = 6;
  std::vector<std::int32_t> ids(rows * tokens);
  for (int i = 0; i < rows * tokens; ++i) ids[static_cast<std::size_t>(i)] = i * i % vocabulary;
  const Floats table = random_floats(vocabulary * width, 1);
  const Floats dy = random_floats(rows * tokens * width, 2);
  Floats whole(dy.size()), sum(dy.size()), gradient(table.size()), parts(table.size());
  embedding_forward(ops, {0, vocabulary}, ids.data(), matrix(table, width), matrix(whole, width));
  embedding_backward(ops, {0, vocabulary}, ids.data(), matrix(dy, width), gradient.data());
  for (const TableRows part : {TableRows{0, cut}, TableRows{cut, vocabulary - cut}}) {
    Floats found(dy.size(), 9.0f);
    embedding_forward(ops, part, ids.data(),
                      ConstMatrix(&table[part.first * width], part.count, width),
                      matrix(found, width));
    embedding_backward(ops, part, ids.data(), matrix(dy, width), &parts[part.first * width]);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += found[i];
  }
  CHECK(sum == whole);
  CHECK(parts == gradient);
}
