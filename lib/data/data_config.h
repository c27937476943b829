// Where the training data comes from, as the user wrote it. Plain data; it must not know files or
// models.
#pragma once

#include <string>
#include <vector>

namespace pipetrain {

struct DataConfig {
  std::string format = "text";         // text | tokens | synthetic
  std::vector<std::string> path = {};  // files or globs
  std::string tokenizer = "char";      // of text: char | byte
  int sequence_length = 0;             // T; 0: the model's context
  double validation_fraction = 0.1;    // the last part of the data
};

}  // namespace pipetrain
