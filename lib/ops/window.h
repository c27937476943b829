// A window that moves over an image: what convolutions and pooling have in common. It must not know
// what happens inside it.
#pragma once

#include <compare>
#include <cstdint>

namespace pipetrain {

struct Plane {
  std::int64_t height = 1, width = 1;
  std::int64_t pixels() const { return height * width; }
  friend auto operator<=>(const Plane&, const Plane&) = default;
};

// A sequence is an image of height 1.
struct Window {
  Plane kernel, stride, padding = {0, 0};  // padding on each side

  // The positions that it takes in an image.
  Plane over(const Plane& image) const {
    return {(image.height + 2 * padding.height - kernel.height) / stride.height + 1,
            (image.width + 2 * padding.width - kernel.width) / stride.width + 1};
  }
  bool fits(const Plane& image) const {
    return kernel.height <= image.height + 2 * padding.height &&
           kernel.width <= image.width + 2 * padding.width;
  }
  friend auto operator<=>(const Window&, const Window&) = default;
};

}  // namespace pipetrain
