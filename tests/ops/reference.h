// What the tests of the kernels share: reproducible inputs, and how far a result is from one in
// double precision.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "ops/matrix.h"

namespace pipetrain {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

inline Floats random_floats(std::int64_t n, unsigned seed, float width = 1.0f) {
  std::mt19937 generator(seed);
  Floats values(static_cast<std::size_t>(n));
  for (float& value : values) {
    const auto unit = static_cast<float>(generator() >> 8) / static_cast<float>(1 << 24);
    value = width * (2.0f * unit - 1.0f);
  }
  return values;
}

// These entries as rows of so many columns.
template <class T>
Matrix matrix(std::vector<T>& entries, std::int64_t columns) {
  return {entries.data(), static_cast<std::int64_t>(entries.size()) / columns, columns};
}
template <class T>
ConstMatrix matrix(const std::vector<T>& entries, std::int64_t columns) {
  return {entries.data(), static_cast<std::int64_t>(entries.size()) / columns, columns};
}

inline Doubles widened(const Floats& values) { return {values.begin(), values.end()}; }

// Largest distance, relative to the largest expected entry (at least 1e-3); infinite where a
// result is NaN.
inline double distance(const float* got, const Doubles& expected) {
  double largest = 1e-3, worst = 0;
  for (const double value : expected) largest = std::max(largest, std::fabs(value));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(got[i]) - expected[i]);
    worst = std::isnan(difference) ? std::numeric_limits<double>::infinity()
                                   : std::max(worst, difference);
  }
  return worst / largest;
}
inline double distance(const Floats& got, const Doubles& expected) {
  return got.size() == expected.size() ? distance(got.data(), expected)
                                       : std::numeric_limits<double>::infinity();
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// Central differences of `loss` at every `step`-th entry of x against `gradient`: the largest
// distance, relative to the largest difference quotient.
inline double gradient_distance(Doubles x, const Floats& gradient, std::size_t step,
                                const std::function<double(const Doubles&)>& loss) {
  constexpr double kStep = 1e-5;
  double largest = 1e-3, worst = 0;
  for (std::size_t i = 0; i < x.size(); i += step) {
    const double at = x[i];
    x[i] = at + kStep;
    const double above = loss(x);
    x[i] = at - kStep;
    const double slope = (above - loss(x)) / (2 * kStep);
    x[i] = at;
    largest = std::max(largest, std::fabs(slope));
    const double difference = std::fabs(slope - static_cast<double>(gradient[i]));
    worst = std::isnan(difference) ? std::numeric_limits<double>::infinity()
                                   : std::max(worst, difference);
  }
  return worst / largest;
}

inline double weighted_sum(const Doubles& values, const Floats& weights) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += values[i] * static_cast<double>(weights[i]);
  }
  return sum;
}

}  // namespace pipetrain
