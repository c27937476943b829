#include "data/fingerprint.h"

#include <glob.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/error.h"

namespace pipetrain {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPieces = 64, kPieceBytes = 65536;

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code unknown;
    if (entry->is_regular_file(unknown)) files.push_back(entry->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> files_named(const std::string& path) {
  std::error_code unknown;
  if (fs::is_directory(path, unknown)) return files_in(path);
  if (fs::exists(path, unknown)) return {path};
  glob_t found = {};
  const int result = ::glob(path.c_str(), GLOB_NOMAGIC, nullptr, &found);
  const std::unique_ptr<glob_t, decltype(&::globfree)> owner(&found, &::globfree);
  if (result != 0) return {};
  return {found.gl_pathv, found.gl_pathv + found.gl_pathc};
}

}  // namespace

std::string file_digest(const std::string& path, std::int64_t bytes) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> piece(kPieceBytes);
  uLong sum = ::crc32_z(0, nullptr, 0);
  const auto add = [&](std::int64_t from, std::int64_t count) {
    file.seekg(from);
    if (!file.read(piece.data(), count)) {
      throw Error(ExitCode::kData, "data: " + path + ": cannot be read at byte " +
                                       std::to_string(from) + "; is it being written?");
    }
    sum = ::crc32_z(sum, reinterpret_cast<const Bytef*>(piece.data()),
                    static_cast<std::size_t>(count));
  };
  if (bytes <= kPieces * kPieceBytes) {
    for (std::int64_t at = 0; at < bytes; at += kPieceBytes) {
      add(at, std::min(kPieceBytes, bytes - at));
    }
  } else {
    const std::int64_t last = bytes - kPieceBytes;
    for (std::int64_t i = 0; i < kPieces; ++i) add(last / (kPieces - 1) * i, kPieceBytes);
    add(last, kPieceBytes);
  }
  std::array<char, 9> text;
  std::snprintf(text.data(), text.size(), "%08lx", sum);
  return text.data();
}

std::vector<FileFingerprint> fingerprint_of(const std::vector<std::string>& paths) {
  std::vector<FileFingerprint> files;
  for (const std::string& path : paths) {
    for (const std::string& file : files_named(path)) {
      std::error_code error;
      const auto bytes = static_cast<std::int64_t>(fs::file_size(file, error));
      if (error) throw Error(ExitCode::kData, "data: " + file + ": " + error.message());
      files.push_back({file, bytes, file_digest(file, bytes)});
    }
  }
  return files;
}

}  // namespace pipetrain
