// An open file, and the folder that a file is in. It must not know what is in either, or what
// becomes of errors: errno says why.
#pragma once

#include <string>
#include <utility>

namespace pipetrain {

// Closed when nobody holds it any more.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}  // of an open file; below 0: none
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;

  int number() const { return number_; }
  bool sync() const;  // whether what was written is on the disk
  // Where its result matters; one that was interrupted has closed the file all the same.
  bool close();

 private:
  int number_;
};

// With open()'s flags and O_CLOEXEC; below 0 if that fails. A new file has the usual rights.
Descriptor open_file(const std::string& path, int flags);

// "." of a bare name.
std::string folder_of(const std::string& path);

// Makes renames in the folder last. Some network file systems cannot, and that is no failure.
bool sync_folder(const std::string& folder);

}  // namespace pipetrain
