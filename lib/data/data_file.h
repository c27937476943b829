// A data file that is read piece by piece. It must not know what is in it. It is not mapped into
// memory: of a mapped file that another program makes shorter, the next look is a bus error.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/open_file.h"

namespace pipetrain {

// Error(kData) that names the data, or a file of it.
[[noreturn]] void fail_data(const std::string& what);
class DataFile;
[[noreturn]] void fail_data(const DataFile& file, const std::string& what);

class DataFile {
 public:
  // Error(kData): not there, not a file, empty, unreadable.
  explicit DataFile(const std::string& path);

  const std::string& path() const { return path_; }
  std::size_t size() const { return size_; }  // in bytes, when it was opened

  // Fills `to` with the bytes from `offset` on, which are in the file. Error(kData) if it has
  // become shorter since it was opened, or was written anew.
  void read(std::size_t offset, std::span<std::byte> to) const;
  std::vector<std::byte> read_all() const;

 private:
  void read_now(std::size_t offset, std::span<std::byte> to) const;
  std::vector<std::byte> read_ends() const;
  void check_same() const;

  std::string path_;
  Descriptor file_;
  std::size_t size_ = 0;
  std::vector<std::byte> ends_;        // its first and last bytes, when it was opened
  mutable struct timespec written_{};  // when it was last written, as far as that is checked
};

// Goes through the file from `offset` on in pieces: visit(bytes, last) returns how many of them it
// is done with, all if they are the last. The others are given again, with more behind them.
template <class Visit>
void for_each_piece(const DataFile& file, std::size_t offset, Visit visit) {
  constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
  std::vector<std::byte> piece(kPieceBytes);
  for (std::size_t held = 0; offset < file.size();) {
    if (held == piece.size()) piece.resize(2 * piece.size());
    const std::size_t more = std::min(piece.size() - held, file.size() - offset);
    file.read(offset, {piece.data() + held, more});
    offset += more;
    held += more;
    const std::size_t done = visit(std::span<const std::byte>(piece.data(), held),
                                   /*last=*/offset == file.size());
    held -= done;
    std::memmove(piece.data(), piece.data() + done, held);
  }
}

}  // namespace pipetrain
