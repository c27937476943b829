// A folder that comes into being whole: its files are put together beside it under a hidden name,
// which is then renamed, or removed if it comes to nothing. It must not know what is in it.
#pragma once

#include <string>

namespace pipetrain {

class OutputFolder {
 public:
  // Error(kConfiguration) if there is something of this name that is not an empty folder.
  explicit OutputFolder(const std::string& path);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::string& aside() const { return aside_; }  // where its files are to be written
  // Gives it its name, or to a folder that was made in it.
  void finish() { finish(aside_); }
  void finish(const std::string& inner);

 private:
  std::string path_, aside_;
};

}  // namespace pipetrain
