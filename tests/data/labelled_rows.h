// Rows of a source of labelled samples, read for a test.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/formats/formats.h"

namespace pipetrain {

struct LabelledRows {
  LabelledRows(const Source& source, std::int64_t rows)
      : pool(std::make_unique<MemoryPool>()),
        inputs(*pool, source.input_shape().batched(rows), source.input_dtype()),
        targets(*pool, source.target_shape().batched(rows), DType::kInt32) {}

  std::vector<std::int32_t> labels() const {
    return {targets.i32(), targets.i32() + targets.elements()};
  }
  std::vector<std::int32_t> tokens() const {
    return {inputs.i32(), inputs.i32() + inputs.elements()};
  }
  std::vector<float> pixels() const { return {inputs.f32(), inputs.f32() + inputs.elements()}; }

  std::unique_ptr<MemoryPool> pool;
  Tensor inputs, targets;
};

inline LabelledRows epoch_rows(const Source& source, std::int64_t epoch, std::int64_t first_row,
                               std::int64_t rows) {
  LabelledRows read(source, rows);
  source.read_training(epoch, first_row, read.inputs, read.targets);
  return read;
}

inline LabelledRows validation_rows(const Source& source) {
  LabelledRows read(source, source.validation_rows());
  source.read_validation(0, read.inputs, read.targets);
  return read;
}

// What opening says is wrong: one line of exit code 3.
inline std::string data_error(const DataConfig& config, int length = 4, int vocabulary = 0) {
  try {
    open_source(config, length, 1, vocabulary);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kData);
    const std::string message = error.what();
    CHECK(message.find('\n') == std::string::npos);
    return message;
  }
  return "no error";
}

}  // namespace pipetrain
