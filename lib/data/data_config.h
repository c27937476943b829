// Where the training data comes from, as the user wrote it. Plain data; it must not know files or
// models.
#pragma once

#include <string>
#include <vector>

namespace pipetrain {

struct DataConfig {
  std::string format = "text";         // a row of data/formats/formats.cpp
  std::vector<std::string> path = {};  // files or globs; of idx and cifar also a folder
  std::string token_type = "auto";     // of bare token files: auto | uint16 | uint32
  std::string tokenizer = "char";      // of text and csv: char | byte | word
  int vocabulary = 0;                  // of csv, and of words: the most tokens; 0: all there are
  int sequence_length = 0;             // T; 0: the model's context
  std::vector<std::string> validation = {"last"};  // last | random | paths of files of their own
  double validation_fraction = 0.1;                // of the data, for last and random
  int classes = 0;                // of csv and idx, 0: from the data; of synthetic, 0: tokens
  std::vector<double> mean = {};  // of images, in [0, 1]: one for all channels or one for each;
  std::vector<double> deviation = {};  // empty: of the training images
  int pad = 0;                         // of images: black pixels added at each side
  int crop = 0;                        // of images: the most that a training image is moved by
  bool flip = false;                   // of images: mirror every second training image
  std::vector<int> image = {};         // of synthetic: height, width, channels; empty: tokens
  int samples = 1000;                  // of synthetic with classes: that train

  bool validates_files() const { return validation.front() != "last" && !random(); }
  bool random() const { return validation.front() == "random"; }
};

}  // namespace pipetrain
