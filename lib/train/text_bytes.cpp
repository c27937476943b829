#include "train/text_bytes.h"

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "text/subwords/load_tokenizer.h"
#include "text/tokenizer.h"

namespace pipetrain {
namespace {

// None for tokens that are numbers, and for images.
std::shared_ptr<const Tokenizer> tokenizer_of(Source& source) {
  const bool text = source.target_shape().rank() == 1 && source.vocabulary() > 0;
  if (!text) return nullptr;
  std::shared_ptr<const Tokenizer> tokenizer = source.take_tokenizer();
  if (tokenizer == nullptr) {
    tokenizer = make_tokenizer(source.tokenizer(), {"the data's tokenizer"}, source.vocabulary());
  }
  return tokenizer->kind() == "numbers" ? nullptr : tokenizer;
}

}  // namespace

std::int64_t text_bytes(Source& source, std::int64_t rows) {
  const std::shared_ptr<const Tokenizer> tokenizer = tokenizer_of(source);
  if (tokenizer == nullptr) return 0;
  const Shape row_inputs = source.input_shape(), row_targets = source.target_shape();
  std::vector<std::int32_t> input(static_cast<std::size_t>(row_inputs.elements()));
  std::vector<std::int32_t> target(static_cast<std::size_t>(row_targets.elements()));
  Tensor inputs = Tensor::view(input.data(), row_inputs.batched(1), DType::kInt32);
  Tensor targets = Tensor::view(target.data(), row_targets.batched(1), DType::kInt32);
  const std::unique_ptr<TextStream> stream = tokenizer->stream();
  std::size_t bytes = stream->follow("", {}).size();
  for (std::int64_t row = 0; row < rows; ++row) {
    source.read_validation(row, inputs, targets);
    for (const std::int32_t token : target) {
      // A model may have more tokens than its tokenizer.
      if (token >= 0 && token < tokenizer->vocabulary_size()) bytes += stream->add(token).size();
    }
  }
  return static_cast<std::int64_t>(bytes + stream->finish().size());
}

}  // namespace pipetrain
