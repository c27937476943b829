#include "optim/optimizer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "ops/parallel.h"

namespace pipetrain {
namespace {

// Threads and shards cut a part at multiples of this many elements, so that the kernels, which
// round differently in the last few of a range, treat every element alike.
constexpr std::int64_t kGrain = 4096;

Tensor zeros(MemoryPool& pool, std::int64_t elements) {
  Tensor tensor(pool, {elements});
  std::memset(tensor.data(), 0, tensor.bytes());
  return tensor;
}

// body(buffer index, first entry, its place in the moments, entries, decays) over the parts of all
// buffers, spread over the threads.
template <class Body>
void for_each_part(const std::vector<FlatParameters>& buffers, const Body& body) {
  for (std::size_t b = 0; b < buffers.size(); ++b) {
    std::int64_t moment = 0;
    for (const FlatParameters::UpdatedPiece& part : buffers[b].parts) {
      const std::int64_t grains = (part.elements + kGrain - 1) / kGrain;
      parallel_ranges(grains, 1, [&](std::int64_t first, std::int64_t last, int) {
        const std::int64_t begin = first * kGrain, end = std::min(last * kGrain, part.elements);
        body(b, part.offset + begin, moment + begin, end - begin, part.decays);
      });
      moment += part.elements;
    }
  }
}

class AdamW : public Optimizer {
 public:
  AdamW(const OptimizerConfig& config, std::vector<FlatParameters> buffers, Ops& ops)
      : config_(config), buffers_(std::move(buffers)), ops_(ops) {
    for (const FlatParameters& buffer : buffers_) {
      first_.push_back(zeros(ops.pool(), buffer.elements()));
      second_.push_back(zeros(ops.pool(), buffer.elements()));
    }
  }

  void update(std::int64_t step, double learning_rate, double gradient_scale) override {
    constexpr double kEpsilon = 1e-8;
    const auto [beta1, beta2] = config_.betas;
    const double correction1 = 1 - std::pow(beta1, static_cast<double>(step));
    const double correction2 = 1 - std::pow(beta2, static_cast<double>(step));
    AdamWStep scalars{static_cast<float>(gradient_scale),
                      static_cast<float>(learning_rate / correction1),
                      1.0f,
                      static_cast<float>(beta1),
                      static_cast<float>(beta2),
                      static_cast<float>(kEpsilon),
                      static_cast<float>(1 / std::sqrt(correction2))};
    const auto decay = static_cast<float>(1 - learning_rate * config_.weight_decay);
    for_each_part(buffers_, [&](std::size_t b, std::int64_t at, std::int64_t moment, std::int64_t n,
                                bool decays) {
      AdamWStep mine = scalars;
      if (decays) mine.decay_factor = decay;
      ops_.simd().adamw(buffers_[b].values + at, buffers_[b].gradients + at,
                        first_[b].f32() + moment, second_[b].f32() + moment, n, mine);
    });
  }

  std::vector<Moment> moments(std::size_t index) override {
    return {{"first_moment", &first_[index]}, {"second_moment", &second_[index]}};
  }

 private:
  OptimizerConfig config_;
  std::vector<FlatParameters> buffers_;
  Ops& ops_;
  std::vector<Tensor> first_, second_;
};

class Sgd : public Optimizer {
 public:
  Sgd(const OptimizerConfig& config, std::vector<FlatParameters> buffers, Ops& ops)
      : config_(config), buffers_(std::move(buffers)), ops_(ops) {
    for (const FlatParameters& buffer : buffers_) {
      momentum_.push_back(zeros(ops.pool(), buffer.elements()));
    }
  }

  void update(std::int64_t, double learning_rate, double gradient_scale) override {
    const SgdStep scalars{static_cast<float>(gradient_scale), static_cast<float>(learning_rate),
                          static_cast<float>(config_.momentum), 0.0f};
    const auto decay = static_cast<float>(config_.weight_decay);
    for_each_part(buffers_, [&](std::size_t b, std::int64_t at, std::int64_t moment, std::int64_t n,
                                bool decays) {
      SgdStep mine = scalars;
      if (decays) mine.weight_decay = decay;
      ops_.simd().sgd(buffers_[b].values + at, buffers_[b].gradients + at,
                      momentum_[b].f32() + moment, n, mine);
    });
  }

  std::vector<Moment> moments(std::size_t index) override {
    return {{"momentum", &momentum_[index]}};
  }

 private:
  OptimizerConfig config_;
  std::vector<FlatParameters> buffers_;
  Ops& ops_;
  std::vector<Tensor> momentum_;
};

}  // namespace

std::int64_t FlatParameters::elements() const {
  std::int64_t sum = 0;
  for (const UpdatedPiece& part : parts) sum += part.elements;
  return sum;
}

int moments_per_parameter(const OptimizerConfig& config) { return config.type == "adamw" ? 2 : 1; }

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config,
                                          std::vector<FlatParameters> buffers, Ops& ops) {
  if (config.type == "adamw") return std::make_unique<AdamW>(config, std::move(buffers), ops);
  if (config.type == "sgd") return std::make_unique<Sgd>(config, std::move(buffers), ops);
  throw Error(ExitCode::kConfiguration,
              "optimizer.type '" + config.type + "' is unknown; expected adamw or sgd");
}

}  // namespace pipetrain
