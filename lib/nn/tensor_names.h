// How the tensors of a model are named: "layers.<index>.<kind>.<part>.weight". It must not know
// kinds of layers or their parts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pipetrain {

inline constexpr std::string_view kLayersPrefix = "layers.";

// "layers.3.attention"; layers inside of another one have its prefix.
inline std::string layer_name(std::size_t index, const std::string& kind,
                              std::string_view prefix = kLayersPrefix) {
  return std::string(prefix) + std::to_string(index) + "." + kind;
}

// Of a product, a norm or a table.
inline std::string weight_of(const std::string& part) { return part + ".weight"; }
inline std::string bias_of(const std::string& part) { return part + ".bias"; }

// Whether a tensor of a checkpoint is the model's; what is kept beside it has other names.
inline bool is_of_model(std::string_view tensor) { return tensor.starts_with(kLayersPrefix); }
// "layers.3" of "layers.3.attention.qkv.weight".
inline std::string_view layer_of(std::string_view tensor) {
  return tensor.substr(0, tensor.find('.', kLayersPrefix.size()));
}

}  // namespace pipetrain
