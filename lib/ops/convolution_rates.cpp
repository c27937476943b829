#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "ops/convolution_primitives.h"

namespace pipetrain {

ConvolutionRates measure_convolutions(Ops& ops, double seconds) {
  return ops.convolutions().measure(ops.pool(), seconds);
}

double ConvolutionPrimitives::measure(MemoryPool& pool, const ConvolutionShape& shape, Pass pass,
                                      double seconds) const {
  using Clock = std::chrono::steady_clock;
  Prepared made = build(shape, pass, dnnl::memory::format_tag::any);
  std::vector<Tensor> tensors;
  for (auto& [name, memory] : made.arguments) {
    const auto bytes = static_cast<std::int64_t>(memory.get_desc().get_size());
    Tensor& tensor = tensors.emplace_back(Tensor(pool, {(bytes + 3) / 4}));
    std::memset(tensor.data(), 0, tensor.bytes());
    memory.set_data_handle(tensor.data());
  }
  dnnl::stream stream(engine_);
  double best = std::numeric_limits<double>::infinity();
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  do {
    const auto start = Clock::now();
    made.primitive.execute(stream, made.arguments);
    stream.wait();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  } while (Clock::now() < end);
  return best;
}

ConvolutionRates ConvolutionPrimitives::measure(MemoryPool& pool, double seconds) const {
  ConvolutionRates rates;
  double flop = 0, best_seconds = 0;
  for (const auto& [key, prepared] : prepared_) {
    const auto& [shape, pass] = key;
    const double best = measure(pool, shape, pass, seconds);
    rates.best = std::max(rates.best, shape.flop() / best);
    flop += static_cast<double>(prepared.runs) * shape.flop();
    best_seconds += static_cast<double>(prepared.runs) * best;
  }
  if (best_seconds > 0) rates.all = flop / best_seconds;
  return rates;
}

}  // namespace pipetrain
