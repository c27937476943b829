#include "data/data_files.h"

#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

#include "base/suggest.h"
#include "data/data_file.h"

namespace pipetrain {
namespace {

using Names = std::vector<std::string>;

bool is_test_set(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename();
  return name.find("test") != std::string::npos || name.find("t10k") != std::string::npos;
}

Names files_of_folder(const std::string& folder, const Names& patterns) {
  Names files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    for (const std::string& pattern : patterns) {
      if (::fnmatch(pattern.c_str(), name.c_str(), 0) == 0) files.push_back(entry.path());
    }
  }
  if (error) fail_data(folder + ": " + error.message());
  if (files.empty()) fail_data(folder + ": has no file like " + join(patterns));
  std::ranges::sort(files);
  std::stable_partition(files.begin(), files.end(),
                        [](const std::string& file) { return !is_test_set(file); });
  return files;
}

void open_all(const Names& paths, const Names& patterns, std::vector<DataFile>& files) {
  Names names;
  for (const std::string& path : paths) {
    std::error_code unreadable;  // opening it says why
    const bool folder = !patterns.empty() && std::filesystem::is_directory(path, unreadable);
    for (std::string& name : folder ? files_of_folder(path, patterns) : names_of_glob(path)) {
      names.push_back(std::move(name));
    }
  }
  const std::set<std::string> all(names.begin(), names.end());
  for (const std::string& name : names) {
    const bool twin = name.ends_with(".gz") && all.contains(name.substr(0, name.size() - 3));
    if (!twin) files.emplace_back(name);
  }
}

std::string bytes_of(const FileContent& file, std::size_t offset, std::size_t count) {
  std::string bytes(std::min(count, file.size - offset), '\0');
  file.read(offset, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

bool same_content(const FileContent& a, const FileContent& b) {
  constexpr std::size_t kBlock = std::size_t{1} << 20;
  if (a.size != b.size) return false;
  for (std::size_t at = 0; at < a.size; at += kBlock) {
    if (bytes_of(a, at, kBlock) != bytes_of(b, at, kBlock)) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> names_of_glob(const std::string& pattern) {
  struct stat info = {};
  if (pattern.find_first_of("*?[") == std::string::npos || ::stat(pattern.c_str(), &info) == 0) {
    return {pattern};
  }
  glob_t found = {};
  const int result = ::glob(pattern.c_str(), 0, nullptr, &found);
  const std::unique_ptr<glob_t, decltype(&::globfree)> owner(&found, &::globfree);
  if (result != 0) fail_data(pattern + ": no file matches");
  return {found.gl_pathv, found.gl_pathv + found.gl_pathc};
}

DataFiles open_files(const DataConfig& config, const Names& patterns) {
  DataFiles opened;
  open_all(config.path, patterns, opened.files);
  if (opened.files.empty()) fail_data("data.path names no file");
  opened.training = opened.files.size();
  if (config.validates_files()) open_all(config.validation_files, patterns, opened.files);
  return opened;
}

// Many files of one size are common, and most differ where they begin or end.
void warn_of_same_content(const std::vector<FileContent>& files, Warnings& warnings) {
  constexpr std::size_t kEnd = 4096;
  struct Key {
    std::size_t size;
    std::string ends;
    const FileContent* file;
  };
  std::vector<Key> keys;
  for (const FileContent& file : files) {
    const std::size_t tail = file.size - std::min(file.size, kEnd);
    keys.push_back({file.size, bytes_of(file, 0, kEnd) + bytes_of(file, tail, kEnd), &file});
  }
  std::ranges::stable_sort(keys, [](const Key& a, const Key& b) {
    return a.size != b.size ? a.size < b.size : a.ends < b.ends;
  });
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    const Key &one = keys[i], &next = keys[i + 1];
    if (one.ends != next.ends || !same_content(*one.file, *next.file)) continue;
    warnings.push_back("data: " + one.file->path + " and " + next.file->path +
                       " have the same content; leave one out, unless its rows are meant to be "
                       "read twice: copies of rows that train may validate");
  }
}

}  // namespace pipetrain
