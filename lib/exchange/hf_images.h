// A folder's preprocessor_config.json: how pixels become numbers. It must not know models.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pipetrain {

// Each pixel of a channel, in [0, 1], less the mean and over the deviation.
struct HfPixels {
  std::vector<double> mean, deviation;  // of each channel
};

// As the folder's file says, without it as transformers' class does; what it asks for and is not
// done here is said in the log. Error(kCheckpoint) for what cannot be followed.
HfPixels read_hf_pixels(const std::string& folder, int channels, int image);

// What an export writes: a file's text.
std::string hf_pixels_json(const HfPixels& pixels, int image);

}  // namespace pipetrain
