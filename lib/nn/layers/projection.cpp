#include "nn/layers/projection.h"

#include <memory>

#include "nn/layers/batch_norm.h"
#include "nn/layers/convolution.h"

namespace pipetrain {

LayerList make_projection(const std::string& prefix, const Shape& from, const Shape& to,
                          const Starts& starts, const LayerOptions& options) {
  Window window;
  const Plane before = image_of(from), after = image_of(to);
  window.stride = {(before.height + after.height - 1) / after.height,
                   (before.width + after.width - 1) / after.width};
  if (from.rank() != to.rank() || from.rank() < 2 || window.over(before) != after) {
    options.fail("no convolution of kernel 1 projects " + from.text() + " to the layers' " +
                 to.text());
  }
  LayerList made;
  const std::string kind = from.rank() == 3 ? "0.conv2d" : "0.conv1d";
  made.push_back(make_convolution(prefix + kind, from,
                                  {.channels = to.back(), .window = window, .bias = false}, starts,
                                  ModelPart::kConvolution));
  made.push_back(std::make_unique<BatchNorm>(prefix + "1.batch_norm", to, /*relu=*/false));
  return made;
}

}  // namespace pipetrain
