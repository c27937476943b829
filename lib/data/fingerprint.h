// What tells the files of the data from others: sizes and digests. It must not know formats.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pipetrain {

struct FileFingerprint {
  std::string path;
  std::int64_t bytes = 0;
  std::string digest;  // see file_digest
};

// Of the files that the paths name: files, globs, and folders, of which the files in them count.
// Error(kData) if one cannot be read.
std::vector<FileFingerprint> fingerprint_of(const std::vector<std::string>& paths);

// CRC-32 of the file's first `bytes`: of all, or beyond 4 MiB of 64 pieces over the whole of it.
std::string file_digest(const std::string& path, std::int64_t bytes);

}  // namespace pipetrain
