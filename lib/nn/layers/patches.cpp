// Patches side by side, each mapped to a pixel of `width` channels (Dosovitskiy et al.,
// arXiv:2010.11929, section 3.1): a convolution whose windows do not overlap.
#include <cstdint>
#include <string>
#include <vector>

#include "nn/layers/convolution.h"
#include "nn/layers/model_builder.h"

namespace pipetrain {

namespace {

constexpr SizeOption kPatch{"patch", "Pixels along each side of a patch; it divides the image."},
    kWidth{"width", "Channels of the pixel that a patch becomes."};

}  // namespace

std::vector<LayerOption> patches_options() { return {kPatch, kWidth}; }

void make_patches(ModelBuilder& model, LayerOptions& options) {
  const Shape& row = model.row();
  const std::int64_t patch = options.read(kPatch), width = options.read(kWidth);
  if (row[0] % patch != 0 || row[1] % patch != 0) {
    options.fail("patch " + std::to_string(patch) + " does not divide the image " + row.text());
  }
  const Plane size{patch, patch};
  model.add(make_convolution(model.name("patches"), row,
                             {.channels = width,
                              .window = {.kernel = size, .stride = size},
                              .input_gradient = !model.at_start()},
                             model.starts(), ModelPart::kPatches));
}

}  // namespace pipetrain
