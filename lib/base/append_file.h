// A file that grows: each piece is appended whole, or nothing of it stays. It must not know what is
// in it.
#pragma once

#include <string>
#include <string_view>

namespace pipetrain {

class AppendFile {
 public:
  // Makes the file if there is none, and leaves what is in it. `run_setting` is what a user would
  // change to write elsewhere, "train.output". Error(kConfiguration) if it cannot be written.
  AppendFile(std::string path, std::string run_setting);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  const std::string& path() const { return path_; }
  // Hands it to the system. Error(kConfiguration) if the disk does not take it; then nothing of it
  // is there.
  void append(std::string_view text);
  // The file has just this text from now on; on a full disk the old one stays, with an Error.
  void replace(std::string_view text);
  // Opens the path anew, after it was renamed or replaced.
  void reopen();
  // Returns when all is on the disk.
  void sync();

 private:
  [[noreturn]] void fail(bool elsewhere) const;

  std::string path_, run_setting_;
  int file_ = -1;
};

}  // namespace pipetrain
