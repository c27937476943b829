// The tensors of a folder of plain weights: model.safetensors, or those that
// model.safetensors.index.json lists, each from the file that it names. It must not know what the
// tensors mean.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"

namespace pipetrain {

class WeightsFolder {
 public:
  // Error(kCheckpoint) if there are no weights, or for whatever is wrong with a file.
  explicit WeightsFolder(const std::string& folder);

  const std::string& folder() const { return folder_; }
  // By name; the bytes are the files', mapped.
  const std::map<std::string, StoredTensor, std::less<>>& tensors() const { return tensors_; }

 private:
  void add_file(const std::string& path);
  void add_indexed(const std::string& index);

  std::string folder_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, StoredTensor, std::less<>> tensors_;
};

}  // namespace pipetrain
