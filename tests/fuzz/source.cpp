#include "fuzz/source.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "fuzz/input.h"

namespace pipetrain::fuzz {
namespace {

constexpr std::int64_t kRows = 2;

void check_targets(const Tensor& targets, int classes) {
  for (std::int64_t i = 0; i < targets.elements(); ++i) {
    const std::int32_t target = targets.i32()[i];
    require(target >= 0 && target < classes, "a target is one of the classes");
  }
}

}  // namespace

void read_rows(const Source& source) {
  require(!source.description().empty() && !source.tokenizer().dump().empty(), "it is described");
  MemoryPool pool;
  const auto read = [&](std::int64_t all, const auto& read_from) {
    const std::int64_t rows = std::min(all, kRows);
    if (rows == 0) return;
    Tensor inputs(pool, source.input_shape().batched(rows), source.input_dtype());
    Tensor targets(pool, source.target_shape().batched(rows), DType::kInt32);
    for (const std::int64_t first : {std::int64_t{0}, all - rows}) {
      read_from(first, inputs, targets);
      check_targets(targets, source.classes());
    }
  };
  const std::int64_t training = source.training_rows();
  read(training > 0 ? training : kRows, [&](std::int64_t first, Tensor& inputs, Tensor& targets) {
    source.read_training(1, first, inputs, targets);
  });
  read(source.validation_rows(), [&](std::int64_t first, Tensor& inputs, Tensor& targets) {
    source.read_validation(first, inputs, targets);
  });
}

}  // namespace pipetrain::fuzz
