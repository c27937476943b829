#include "exchange/hf_images.h"

#include <spdlog/spdlog.h>

#include <cmath>
#include <cstddef>

#include "checkpoint/json_fields.h"
#include "exchange/hf_fields.h"
#include "exchange/hf_files.h"

namespace pipetrain {
namespace {

constexpr double kUsual = 0.5;
constexpr double kOfBytes = 1.0 / 255;

std::vector<double> of_channels(const HfFields& fields, const char* key, int channels,
                                bool above_zero) {
  const auto count = static_cast<std::size_t>(channels);
  const nlohmann::json* const found = fields.value(key);
  if (found == nullptr) return std::vector<double>(count, kUsual);
  const nlohmann::json list = found->is_array() ? *found : nlohmann::json::array({*found});
  const std::string expected = "a number for each of the " + std::to_string(channels) +
                               " channels" + (above_zero ? ", above 0" : "");
  if (list.size() != 1 && list.size() != count) fields.fail(key, expected);
  std::vector<double> made;
  for (const nlohmann::json& number : list) {
    if (!number.is_number()) fields.fail(key, expected);
    made.push_back(number.get<double>());
    if (!std::isfinite(made.back()) || (above_zero && made.back() <= 0)) {
      fields.fail(key, expected);
    }
  }
  if (made.size() == 1) made.resize(count, made.front());
  return made;
}

}  // namespace

HfPixels read_hf_pixels(const std::string& folder, int channels, int image) {
  const std::string path = folder + "/" + kHfPreprocessorFile;
  const bool there = is_there(path);
  const nlohmann::json config = there ? read_python_json(path) : nlohmann::json::object();
  if (!config.is_object()) fail_checkpoint(path, "is not a JSON object");
  if (!there) {
    spdlog::warn(
        "{}: has no {}; pixels are taken to have mean {} and deviation {} (data.mean, "
        "data.std)",
        folder, kHfPreprocessorFile, kUsual, kUsual);
  }
  const HfFields fields(config, path);
  fields.must_be("do_rescale", true);
  const double factor = fields.positive("rescale_factor", kOfBytes);
  if (std::abs(factor / kOfBytes - 1) > 1e-6) fields.fail("rescale_factor", "1 / 255");
  if (there && fields.flag("do_resize", true)) {
    spdlog::warn(
        "{}: asks for images resized to {} x {}, which is not done here: give images of "
        "that size",
        path, image, image);
  }
  const auto count = static_cast<std::size_t>(channels);
  if (!fields.flag("do_normalize", true)) {
    return {std::vector<double>(count, 0), std::vector<double>(count, 1)};
  }
  return {of_channels(fields, "image_mean", channels, /*above_zero=*/false),
          of_channels(fields, "image_std", channels, /*above_zero=*/true)};
}

std::string hf_pixels_json(const HfPixels& pixels, int image) {
  const nlohmann::ordered_json config = {{"image_processor_type", "ViTImageProcessor"},
                                         {"do_resize", true},
                                         {"size", {{"height", image}, {"width", image}}},
                                         {"do_rescale", true},
                                         {"rescale_factor", kOfBytes},
                                         {"do_normalize", true},
                                         {"image_mean", pixels.mean},
                                         {"image_std", pixels.deviation}};
  return config.dump(2) + "\n";
}

}  // namespace pipetrain
