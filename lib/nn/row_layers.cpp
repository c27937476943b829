#include "nn/row_layers.h"

#include <cstdint>
#include <string>
#include <vector>

#include "nn/activation.h"
#include "nn/batch_norm.h"
#include "nn/convolution.h"
#include "nn/dropout.h"
#include "nn/flatten.h"
#include "nn/pooling.h"
#include "nn/positions.h"

namespace pipetrain {
namespace {

using Made = std::unique_ptr<Layer>;

void require_axes(const LayerPlace& place, const LayerOptions& options, int fewest, int most) {
  const int axes = place.row.rank();
  if (axes >= fewest && axes <= most) return;
  options.fail(std::string("takes rows of ") +
               (most == 2     ? "(tokens, width)"
                : fewest == 3 ? "(height, width, channels)"
                              : "(tokens, width) or (height, width, channels)") +
               ", but gets " + place.row.text());
}

Plane square(const Shape& row, std::int64_t size) { return {row.rank() == 3 ? size : 1, size}; }

// kernel, stride and padding; `same` pads so that stride 1 keeps the size. Whatever leaves no room
// for one window is refused.
Window read_window(const LayerPlace& place, LayerOptions& options, std::int64_t default_stride,
                   const std::string& default_padding) {
  const std::int64_t kernel = options.size("kernel", 0);
  const std::int64_t stride = options.size("stride", default_stride > 0 ? default_stride : kernel);
  const std::string text = options.text("padding", default_padding);
  std::int64_t padding = 0;
  if (text == "same") {
    if (kernel % 2 == 0) {
      options.fail("padding same needs an odd kernel, found " + std::to_string(kernel));
    }
    padding = kernel / 2;
  } else if (text != "0") {
    padding = options.size("padding", 0, "same", 0);
  }
  if (padding >= kernel) {
    options.fail("padding " + std::to_string(padding) + " is not below the kernel " +
                 std::to_string(kernel) + ": windows would hold nothing but padding");
  }
  const Window window{.kernel = square(place.row, kernel),
                      .stride = square(place.row, stride),
                      .padding = {place.row.rank() == 3 ? padding : 0, padding}};
  if (!window.fits(image_of(place.row))) {
    options.fail("kernel " + std::to_string(kernel) + " is larger than its input " +
                 place.row.text() + " with a padding of " + std::to_string(padding));
  }
  return window;
}

Made started(const LayerPlace& place, ConvolutionOptions options, ModelPart part) {
  const Fans fans = fans_of(place.row, options);
  options.start = place.starts.of(part, fans.in, fans.out);
  return std::make_unique<Convolution>(place.name, place.row, options);
}

Made convolution(const LayerPlace& place, LayerOptions& options) {
  ConvolutionOptions made;
  made.channels = options.size("channels", 0);
  made.window = read_window(place, options, 1, "same");
  made.bias = options.flag("bias", true);
  made.input_gradient = !place.first;
  return started(place, made, ModelPart::kConvolution);
}

Made conv1d(const LayerPlace& place, LayerOptions& options) {
  require_axes(place, options, 2, 2);
  return convolution(place, options);
}

Made conv2d(const LayerPlace& place, LayerOptions& options) {
  require_axes(place, options, 3, 3);
  return convolution(place, options);
}

// Patches side by side, each mapped to a token.
Made patches(const LayerPlace& place, LayerOptions& options) {
  require_axes(place, options, 3, 3);
  const std::int64_t patch = options.size("patch", 0), width = options.size("width", 0);
  if (place.row[0] % patch != 0 || place.row[1] % patch != 0) {
    options.fail("patch " + std::to_string(patch) + " does not divide the image " +
                 place.row.text());
  }
  const Plane size{patch, patch};
  return started(place,
                 {.channels = width,
                  .window = {.kernel = size, .stride = size},
                  .input_gradient = !place.first},
                 ModelPart::kPatches);
}

Made positions(const LayerPlace& place, LayerOptions& options) {
  require_axes(place, options, 2, 3);
  return std::make_unique<Positions>(place.name, place.row,
                                     place.starts.of(ModelPart::kPatchPositions, 1, 1).weight,
                                     options.fraction("dropout", 0));
}

Made batch_norm(const LayerPlace& place, LayerOptions& options) {
  return std::make_unique<BatchNorm>(place.name, place.row, options.flag("relu", false));
}

template <ActivationKind kind>
Made activation(const LayerPlace& place, LayerOptions&) {
  return std::make_unique<Activation>(place.name, place.row, kind);
}

Made max_pool(const LayerPlace& place, LayerOptions& options) {
  require_axes(place, options, 2, 3);
  const Window window = read_window(place, options, 0, "0");
  if (window.kernel.pixels() > kMaxPoolPixels) {
    options.fail("kernel of " + std::to_string(window.kernel.pixels()) +
                 " pixels, expected at most " + std::to_string(kMaxPoolPixels));
  }
  return std::make_unique<MaxPool>(place.name, place.row, window);
}

Made average_pool(const LayerPlace& place, LayerOptions& options) {
  require_axes(place, options, 2, 3);
  return std::make_unique<AveragePool>(place.name, place.row, read_window(place, options, 0, "0"));
}

template <int axes>
Made mean_pool(const LayerPlace& place, LayerOptions& options) {
  require_axes(place, options, axes, axes);
  return std::make_unique<MeanPool>(place.name, place.row);
}

Made flatten(const LayerPlace& place, LayerOptions&) {
  return std::make_unique<Flatten>(place.name, place.row);
}

Made dropout(const LayerPlace& place, LayerOptions& options) {
  return std::make_unique<Dropout>(place.name, place.row, options.fraction("rate"));
}

}  // namespace

const std::map<std::string, RowLayerMaker>& row_layer_makers() {
  static const std::map<std::string, RowLayerMaker> makers = {
      {"conv1d", conv1d},
      {"conv2d", conv2d},
      {"patches", patches},
      {"positions", positions},
      {"batch_norm", batch_norm},
      {"relu", activation<ActivationKind::kRelu>},
      {"gelu", activation<ActivationKind::kGelu>},
      {"silu", activation<ActivationKind::kSilu>},
      {"max_pool", max_pool},
      {"average_pool", average_pool},
      {"mean_pool", mean_pool<2>},
      {"global_mean_pool", mean_pool<3>},
      {"flatten", flatten},
      {"dropout", dropout},
  };
  return makers;
}

std::vector<std::unique_ptr<Layer>> make_projection(const LayerPlace& place, const Shape& to,
                                                    const LayerOptions& options) {
  const Shape& from = place.row;
  Window window;
  const Plane before = image_of(from), after = image_of(to);
  window.stride = {(before.height + after.height - 1) / after.height,
                   (before.width + after.width - 1) / after.width};
  if (from.rank() != to.rank() || from.rank() < 2 || window.over(before) != after) {
    options.fail("no convolution of kernel 1 projects " + from.text() + " to the layers' " +
                 to.text());
  }
  std::vector<std::unique_ptr<Layer>> made;
  const std::string kind = from.rank() == 3 ? "0.conv2d" : "0.conv1d";
  made.push_back(started({place.name + kind, from, false, place.starts},
                         {.channels = to.back(), .window = window, .bias = false},
                         ModelPart::kConvolution));
  made.push_back(std::make_unique<BatchNorm>(place.name + "1.batch_norm", to, /*relu=*/false));
  return made;
}

}  // namespace pipetrain
