// Threads, ranks and shards cut rows and parameters at any place, so what a kernel makes of an
// entry must be the same bits wherever the entry lies: in a whole vector or in what is left over.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "../reference.h"
#include "catch.h"
#include "ops/simd/select.h"

using namespace pipetrain;

namespace {

constexpr std::int64_t kEntries = 53;  // a prime: some are left over from vectors of any width

// What kernels read and write: entries of activations, of parameters and sums, and marks.
template <class T>
struct Memory {
  std::vector<T> x, y, z;
  Floats p, q, r, s;
  std::vector<std::uint8_t> marks;
};
template <class T>
bool same_memory(const Memory<T>& a, const Memory<T>& b) {
  return same_bits(a.x, b.x) && same_bits(a.y, b.y) && same_bits(a.z, b.z) && same_bits(a.p, b.p) &&
         same_bits(a.q, b.q) && same_bits(a.r, b.r) && same_bits(a.s, b.s) &&
         same_bits(a.marks, b.marks);
}

template <class T>
std::vector<T> entries(unsigned seed, float width) {
  const Floats floats = random_floats(kEntries, seed, width);
  std::vector<T> values(floats.size());
  const SimdKernels& simd = select_simd_kernels();
  simd.on<T>().round(floats.data(), values.data(), kEntries);
  return values;
}

template <class T>
Memory<T> some_memory() {
  Memory<T> memory{entries<T>(1, 4),           entries<T>(2, 3),
                   entries<T>(3, 2),           random_floats(kEntries, 4),
                   random_floats(kEntries, 5), random_floats(kEntries, 6, 0.3f),
                   random_floats(kEntries, 7), {}};
  for (float& value : memory.s) value = std::fabs(value);  // a second moment, say
  for (std::int64_t i = 0; i < kEntries; ++i) memory.marks.push_back(i % 3 == 0);
  return memory;
}

// A kernel on `n` entries, of which `at` are the first.
template <class T>
struct Place {
  const SimdKernels& simd;
  T *x, *y, *z;
  float *p, *q, *r, *s;
  std::uint8_t* marks;
  std::int64_t n;
};
template <class T>
using Kernel = std::pair<const char*, std::function<void(const Place<T>&)>>;

template <class T>
void check_places(const std::vector<Kernel<T>>& kernels) {
  for (const SimdKernels* simd : runnable_simd_kernels()) {
    for (const auto& [name, kernel] : kernels) {
      auto in_pieces_of = [&, &run = kernel](std::int64_t length) {
        Memory<T> m = some_memory<T>();
        for (std::int64_t at = 0; at < kEntries; at += length) {
          run({*simd, m.x.data() + at, m.y.data() + at, m.z.data() + at, m.p.data() + at,
               m.q.data() + at, m.r.data() + at, m.s.data() + at, m.marks.data() + at,
               std::min(length, kEntries - at)});
        }
        return m;
      };
      const Memory<T> whole = in_pieces_of(kEntries);
      for (const std::int64_t length : {1, 3, 8, 20, 37}) {
        CAPTURE(simd->name, name, length);
        CHECK(same_memory(in_pieces_of(length), whole));
      }
    }
  }
}

// n entries of x, then n of y.
template <class T>
std::vector<T> beside(const T* x, const T* y, std::int64_t n) {
  std::vector<T> both(x, x + n);
  both.insert(both.end(), y, y + n);
  return both;
}

template <class T>
std::vector<Kernel<T>> activation_kernels() {
  using P = const Place<T>&;
  auto on = [](P at) -> const ActivationKernels<T>& { return at.simd.template on<T>(); };
  return {
      {"widen", [=](P at) { on(at).widen(at.x, at.p, at.n); }},
      {"round", [=](P at) { on(at).round(at.p, at.x, at.n); }},
      {"add", [=](P at) { on(at).add(at.x, at.y, at.n); }},
      {"add_to_sums", [=](P at) { on(at).add_to_sums(at.p, at.y, at.n); }},
      {"add_values", [=](P at) { on(at).add_values(at.x, at.p, at.n); }},
      {"add_product", [=](P at) { on(at).add_product(at.x, at.p, at.q, at.n); }},
      {"multiply", [=](P at) { on(at).multiply(at.x, at.p, at.y, at.n); }},
      {"gelu_forward", [=](P at) { on(at).gelu_forward(at.x, at.y, at.n); }},
      {"gelu_backward", [=](P at) { on(at).gelu_backward(at.y, at.x, at.n); }},
      {"relu_forward", [=](P at) { on(at).relu_forward(at.x, at.y, at.n); }},
      {"relu_backward", [=](P at) { on(at).relu_backward(at.y, at.x, at.n); }},
      {"swiglu_forward",
       [=](P at) {
         const std::vector<T> gate_up = beside(at.x, at.y, at.n);
         on(at).swiglu_forward(gate_up.data(), at.z, at.n);
       }},
      {"swiglu_backward",
       [=](P at) {
         std::vector<T> gate_up = beside(at.x, at.y, at.n);
         on(at).swiglu_backward(at.z, gate_up.data(), at.n);
         std::copy_n(gate_up.begin(), at.n, at.x);
         std::copy_n(gate_up.begin() + at.n, at.n, at.y);
       }},
      {"geglu_forward",
       [=](P at) {
         const std::vector<T> gate_up = beside(at.x, at.y, at.n);
         on(at).geglu_forward(gate_up.data(), at.z, at.n);
       }},
      {"geglu_backward",
       [=](P at) {
         std::vector<T> gate_up = beside(at.x, at.y, at.n);
         on(at).geglu_backward(at.z, gate_up.data(), at.n);
         std::copy_n(gate_up.begin(), at.n, at.x);
         std::copy_n(gate_up.begin() + at.n, at.n, at.y);
       }},
      {"exact_gelu_forward", [=](P at) { on(at).exact_gelu_forward(at.x, at.y, at.n); }},
      {"exact_gelu_backward", [=](P at) { on(at).exact_gelu_backward(at.y, at.x, at.n); }},
      {"soft_cap", [=](P at) { on(at).soft_cap(at.x, at.n, {0.1f, 5.0f}); }},
      {"soft_cap_backward", [=](P at) { on(at).soft_cap_backward(at.y, at.x, at.n, 5.0f); }},
      {"silu_forward", [=](P at) { on(at).silu_forward(at.x, at.y, at.n); }},
      {"silu_backward", [=](P at) { on(at).silu_backward(at.y, at.x, at.n); }},
      {"relu_with_mask", [=](P at) { on(at).relu_with_mask(at.x, at.marks, at.n); }},
      {"apply_mask", [=](P at) { on(at).apply_mask(at.x, at.marks, 1.3f, at.n); }},
      {"scale_shift", [=](P at) { on(at).scale_shift(at.x, at.p, at.q, at.y, at.n); }},
      {"moments",
       [=](P at) {  // of three rows
         std::vector<T> rows = beside(at.x, at.y, at.n);
         rows.insert(rows.end(), at.z, at.z + at.n);
         on(at).moments(rows.data(), 3, at.n, at.p, at.q);
       }},
      {"batch_norm_forward",
       [=](P at) { on(at).batch_norm_forward(at.x, 1, {at.n, at.p, at.q, at.r, true}, at.y); }},
      {"batch_norm_sums",
       [=](P at) {
         Floats sums(static_cast<std::size_t>(at.n));
         on(at).batch_norm_sums(at.y, at.x, 1, {at.n, at.p, at.q, at.r, true}, at.s, sums.data());
         std::copy_n(sums.begin(), at.n, at.p);
       }},
      {"batch_norm_backward",
       [=](P at) {
         on(at).batch_norm_backward(at.y, at.x, 1, {at.n, at.p, at.q, at.r, true}, at.s, at.p);
       }},
      {"keep_larger", [=](P at) { on(at).keep_larger(at.x, at.marks, at.y, 7, at.n); }},
      {"add_where", [=](P at) { on(at).add_where(at.p, at.y, at.marks, 1, at.n); }},
      {"rotate",
       [=](P at) {  // one head of n pairs, which lie beside each other
         std::vector<T> pairs = beside(at.x, at.y, at.n);
         on(at).rotate(pairs.data(), {1, at.n, 2 * at.n}, at.p, at.q, -1.0f);
         std::copy_n(pairs.begin(), at.n, at.x);
         std::copy_n(pairs.begin() + at.n, at.n, at.y);
       }},
  };
}

}  // namespace

TEST_CASE("What kernels make of an entry does not depend on its place") {
  check_places(activation_kernels<float>());
  check_places(activation_kernels<BFloat16>());

  using P = const Place<float>&;
  check_places<float>({
      {"exp_scaled", [](P at) { at.simd.exp_scaled(at.x, at.n, {0.7f, 0.2f}); }},
      {"scale", [](P at) { at.simd.scale(at.x, at.n, 0.7f); }},
      {"softmax_backward",
       [](P at) { at.simd.softmax_backward(at.x, at.y, at.n, {0.7f, 0.2f}, {0.3f, 0.7f}); }},
      {"dropped_softmax_backward",
       [](P at) { at.simd.dropped_softmax_backward(at.x, at.y, at.p, at.n, {0.3f, 0.7f}); }},
      {"adamw",
       [](P at) {
         at.simd.adamw(at.x, at.y, at.r, at.s, at.n,
                       {0.7f, 1e-2f, 0.999f, 0.9f, 0.95f, 1e-8f, 1.5f});
       }},
      {"sgd", [](P at) { at.simd.sgd(at.x, at.y, at.r, at.n, {0.7f, 0.1f, 0.9f, 0.01f}); }},
      {"small_matmul",
       [](P at) {  // the columns of two rows of C are C's entries; B's rows are y and z
         Floats b(at.y, at.y + at.n), c(2 * static_cast<std::size_t>(at.n), 0.1f);
         b.insert(b.end(), at.z, at.z + at.n);
         const float a[] = {0.3f, -1.7f, 0.6f, 0.9f};
         at.simd.small_matmul({a, 2, 2, 2}, {b.data(), 2, at.n, at.n}, {c.data(), 2, at.n, at.n},
                              true);
         std::copy_n(c.begin(), at.n, at.x);
         std::copy_n(c.begin() + at.n, at.n, at.p);
       }},
  });
}
