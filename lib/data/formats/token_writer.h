// Tokens one after the other in as few bytes as their vocabulary needs. It must not know where they
// come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace pipetrain {

class TokenWriter {
 public:
  // Tokens are below `vocabulary`.
  explicit TokenWriter(std::size_t vocabulary) : width_(vocabulary <= 65536 ? 2 : 4) {}

  int width() const { return width_; }  // bytes per token, 2 or 4
  void add(std::int32_t token) {
    const auto* const bytes = reinterpret_cast<const std::byte*>(&token);  // the lowest first
    bytes_.insert(bytes_.end(), bytes, bytes + width_);
  }
  std::vector<std::byte> take() {
    bytes_.shrink_to_fit();
    return std::move(bytes_);
  }

 private:
  int width_;
  std::vector<std::byte> bytes_;
};

}  // namespace pipetrain
