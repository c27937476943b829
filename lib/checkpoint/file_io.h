// Files that matter: written aside, synced and renamed, so that a name never stands for half a
// file; read through a mapping. It must not know what is in them. All errors are Error(kCheckpoint)
// with the file and the reason.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pipetrain {

using Bytes = std::span<const std::byte>;

// Error "checkpoint: <file>: <what>" in one line, whatever names from a file are in it.
[[noreturn]] void fail_checkpoint(const std::string& file, const std::string& what);
std::string one_line(std::string text);        // control characters as '?'
std::string shortened(std::string_view name);  // such a name, of at most 80 characters

// Writes what `make` hands on, piece by piece, as `path`, or leaves what was there.
void write_synced(const std::string& path,
                  const std::function<void(const std::function<void(Bytes)>&)>& make);
// Writes the pieces one after the other.
void write_synced(const std::string& path, const std::vector<Bytes>& pieces);
void write_synced(const std::string& path, std::string_view text);

void rename_synced(const std::string& from, const std::string& to);
// `from` takes the name `to`, of a folder that is there, whose files are gone afterwards.
void replace_synced(const std::string& from, const std::string& to);

// Returns once a name that another host has made is seen here: network file systems show it late.
// False if it is not, for half a minute; then require_seen has an Error.
bool await_name(const std::string& path);
void require_seen(const std::string& path);

// How large files may be that are written one after the other to one file system, which is asked
// only where more is wanted than before.
class LargestFile {
 public:
  // What a file in the folder may have of so many bytes: all, or less where the file system, or a
  // limit of this process, ends its files before.
  std::size_t of(const std::string& folder, std::size_t bytes);

 private:
  std::size_t fits_ = 0;  // so many bytes do
  bool ends_ = false;     // and not many more
};

// Error unless `path` is a folder that can be looked into.
void require_folder(const std::string& path);

// The CRC-32 of zlib, as eight hexadecimal digits.
std::string checksum_of(Bytes bytes);

}  // namespace pipetrain
