#include "ops/cross_entropy.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "catch.h"
#include "reference.h"

using namespace pipetrain;

namespace {

double plain_cross_entropy(std::size_t classes, const Doubles& logits,
                           const std::vector<std::int32_t>& targets) {
  double loss = 0;
  for (std::size_t row = 0; row < targets.size(); ++row) {
    double sum = 0;
    for (std::size_t i = 0; i < classes; ++i) sum += std::exp(logits[row * classes + i]);
    loss += std::log(sum) - logits[row * classes + static_cast<std::size_t>(targets[row])];
  }
  return loss;
}

std::vector<std::int32_t> some_targets(std::int64_t rows, std::int64_t classes) {
  std::vector<std::int32_t> targets(static_cast<std::size_t>(rows));
  for (std::int64_t i = 0; i < rows; ++i) {
    targets[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i * 7919 % classes);
  }
  return targets;
}

}  // namespace

TEST_CASE("Cross entropy and its gradient are those of the formula") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t shapes[][2] = {{1, 1}, {3, 2}, {11, 65}, {2, 1003}, {1, 50257}};
  for (const auto& [rows, classes] : shapes) {
    CAPTURE(rows, classes);
    const Floats logits = random_floats(rows * classes, 1, 5.0f);
    const auto targets = some_targets(rows, classes);
    const auto width = static_cast<std::size_t>(classes);
    const double expected = plain_cross_entropy(width, widened(logits), targets);

    Floats gradient = logits, lost = logits;
    std::int64_t correct = 0;
    const double loss =
        cross_entropy(ops, matrix(gradient, classes), targets.data(), 0.5f, &correct);
    CHECK(std::fabs(loss - expected) < 1e-5 * std::max(1.0, expected));
    CHECK(cross_entropy(ops, matrix(lost, classes), targets.data(), 0) == loss);
    CHECK(gradient_distance(widened(logits), gradient, logits.size() > 5000 ? 5021 : 1,
                            [&](const Doubles& at) {
                              return 0.5 * plain_cross_entropy(width, at, targets);
                            }) < 1e-5);
    std::int64_t hits = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto begin = logits.begin() + row * classes;
      hits += std::max_element(begin, begin + classes) - begin ==
              targets[static_cast<std::size_t>(row)];
    }
    CHECK(correct == hits);
  }
}

TEST_CASE("Cross entropy gives the same bits again, and at 1 and 2 threads") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  const auto targets = some_targets(33, 401);
  std::vector<Floats> gradients;
  std::vector<double> losses;
  for (const int count : {1, 1, 2}) {
    omp_set_num_threads(count);
    gradients.push_back(random_floats(33 * 401, 1));
    losses.push_back(cross_entropy(ops, matrix(gradients.back(), 401), targets.data(), 0.1f));
  }
  omp_set_num_threads(threads);
  CHECK(losses[0] == losses[1]);
  CHECK(losses[0] == losses[2]);
  CHECK(same_bits(gradients[0], gradients[1]));
  CHECK(same_bits(gradients[0], gradients[2]));
}

TEST_CASE("A logit that is NaN or infinite makes the loss not finite; large ones do not") {
  MemoryPool pool;
  Ops ops(pool);
  const float infinity = std::numeric_limits<float>::infinity();
  const std::int32_t target = 3;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), infinity}) {
    for (std::size_t at = 0; at < 67; ++at) {
      Floats logits = random_floats(67, 1);
      logits[at] = bad;
      CHECK_FALSE(std::isfinite(cross_entropy(ops, matrix(logits, 67), &target, 1.0f)));
      CHECK_FALSE(std::isfinite(logits[at]));
    }
  }
  Floats large = random_floats(67, 1, 1e30f);
  CHECK(std::isfinite(cross_entropy(ops, matrix(large, 67), &target, 1.0f)));
  Floats masked = random_floats(67, 1);
  masked[5] = -infinity;
  CHECK(std::isfinite(cross_entropy(ops, matrix(masked, 67), &target, 1.0f)));
  CHECK(masked[5] < 1e-30f);
}

TEST_CASE("Cross entropy over classes that ranks share is that of all classes") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t rows = 9, classes = 65;
  const Floats logits = random_floats(rows * classes, 3);
  std::vector<std::int32_t> targets(rows);
  for (int row = 0; row < rows; ++row) targets[static_cast<std::size_t>(row)] = row * row * 7 % 65;
  targets[4] = static_cast<std::int32_t>(
      std::max_element(&logits[4 * classes], &logits[5 * classes]) - &logits[4 * classes]);
  Floats whole = logits;
  std::int64_t expected_correct = 0;
  const double expected =
      cross_entropy(ops, matrix(whole, classes), targets.data(), 0.25f, &expected_correct);
  REQUIRE(expected_correct > 0);
  for (const std::vector<std::int64_t>& cuts :
       {std::vector<std::int64_t>{0, 33, 65}, std::vector<std::int64_t>{0, 22, 44, 65}}) {
    const int ranks = static_cast<int>(cuts.size()) - 1;
    std::vector<Floats> parts;
    Floats statistics;
    const auto classes_of = [&](int rank) {
      const auto r = static_cast<std::size_t>(rank);
      return cuts[r + 1] - cuts[r];
    };
    const auto part_of_rank = [&](int rank) {
      const auto r = static_cast<std::size_t>(rank);
      return ClassPart{rank, ranks, cuts[r]};
    };
    for (int rank = 0; rank < ranks; ++rank) {
      const ClassPart part = part_of_rank(rank);
      Floats& own = parts.emplace_back();
      for (std::int64_t row = 0; row < rows; ++row) {
        const float* from = &logits[row * classes + part.first_class];
        own.insert(own.end(), from, from + classes_of(rank));
      }
      Floats mine(statistics_shape(part, rows).elements(), 5.0f);
      partial_cross_entropy(ops, part, matrix(own, classes_of(rank)), targets.data(), mine.data());
      statistics.resize(mine.size());
      for (std::size_t i = 0; i < mine.size(); ++i) statistics[i] += mine[i];
    }
    for (int rank = 0; rank < ranks; ++rank) {
      CAPTURE(ranks, rank);
      const ClassPart part = part_of_rank(rank);
      Floats& own = parts[static_cast<std::size_t>(rank)];
      const std::int64_t width = classes_of(rank);
      std::int64_t correct = 0;
      const double loss = finish_cross_entropy(ops, part, matrix(own, width), targets.data(),
                                               statistics.data(), 0.25f, &correct);
      CHECK(loss == Approx(expected).epsilon(1e-6));
      CHECK(correct == expected_correct);
      for (std::int64_t i = 0; i < rows * width; ++i) {
        const std::int64_t row = i / width, column = part.first_class + i % width;
        CHECK(own[i] == Approx(whole[row * classes + column]).margin(1e-7));
      }
    }
  }
}

// Rows whose targets lie in the first piece, in the last one and nowhere.
TEST_CASE("Pieces of the classes give the loss and the gradient of all, whichever comes first") {
  MemoryPool pool;
  Ops ops(pool);
  constexpr std::int64_t kRows = 5, kWide = 3, kAll = 37;
  const std::vector<std::int32_t> targets{0, 36, -1, 12, 13};
  struct Part {
    std::int64_t first, count;
  };
  const std::vector<Part> parts{{0, 13}, {13, 12}, {25, 12}};
  const Floats logits = random_floats(kRows * kAll, 1, 5.0f),
               table = random_floats(kAll * kWide, 2);
  Floats whole = logits;
  std::int64_t correct = 0;
  const double loss = cross_entropy(ops, matrix(whole, kAll), targets.data(), 0.5f, &correct);

  std::vector<Floats> pieces, statistics, weighted, of_target;
  for (const Part& part : parts) {
    Floats& mine = pieces.emplace_back();
    for (std::int64_t row = 0; row < kRows; ++row) {
      const auto first = logits.begin() + row * kAll + part.first;
      mine.insert(mine.end(), first, first + part.count);
    }
    Floats& lines = statistics.emplace_back(4 * kRows);
    piece_statistics(ops, part.first, matrix(mine, part.count), targets.data(), lines.data());
    Floats& sum = weighted.emplace_back(kRows * kWide);
    Floats& picked = of_target.emplace_back(kRows * kWide);
    for (std::int64_t row = 0; row < kRows; ++row) {
      const std::int64_t target = targets[static_cast<std::size_t>(row)] - part.first;
      for (std::int64_t c = 0; c < kWide; ++c) {
        for (std::int64_t i = 0; i < part.count; ++i) {
          sum[static_cast<std::size_t>(row * kWide + c)] +=
              mine[static_cast<std::size_t>(row * part.count + i)] *
              table[static_cast<std::size_t>((part.first + i) * kWide + c)];
        }
        if (target < 0 || target >= part.count || targets[static_cast<std::size_t>(row)] < 0)
          continue;
        picked[static_cast<std::size_t>(row * kWide + c)] =
            table[static_cast<std::size_t>((part.first + target) * kWide + c)];
      }
    }
  }
  std::vector<const float*> lines;
  std::vector<PieceProducts> products;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    lines.push_back(statistics[p].data());
    products.push_back({weighted[p].data(), of_target[p].data()});
  }
  Floats totals(3 * kRows), dx(kRows * kWide);
  const PieceLoss total = total_of_pieces(ops, lines, kRows, 0.5f, totals.data());
  CHECK(total.loss == Approx(loss).epsilon(1e-6));
  CHECK(total.correct == correct);
  CHECK(total.counted == 4);
  gradient_of_pieces(ops, lines, products, totals.data(), matrix(dx, kWide));
  for (std::int64_t row = 0; row < kRows; ++row) {
    for (std::int64_t c = 0; c < kWide; ++c) {
      double expected = 0;
      for (std::int64_t i = 0; i < kAll; ++i) {
        expected += static_cast<double>(whole[static_cast<std::size_t>(row * kAll + i)]) *
                    static_cast<double>(table[static_cast<std::size_t>(i * kWide + c)]);
      }
      CHECK(dx[static_cast<std::size_t>(row * kWide + c)] == Approx(expected).margin(1e-6));
    }
  }
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const Part& part = parts[p];
    piece_gradient(ops, part.first, matrix(pieces[p], part.count), targets.data(),
                   statistics[p].data(), totals.data());
    for (std::int64_t row = 0; row < kRows; ++row) {
      for (std::int64_t i = 0; i < part.count; ++i) {
        CHECK(pieces[p][static_cast<std::size_t>(row * part.count + i)] ==
              Approx(whole[static_cast<std::size_t>(row * kAll + part.first + i)]).margin(1e-6));
      }
    }
  }
}
