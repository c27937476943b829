// The files of a data set: those that train and, if they are files of their own, those that
// validate. It must not know formats.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data/data_config.h"
#include "data/data_file.h"

namespace pipetrain {

// What is odd about the data, a line each, for the log.
using Warnings = std::vector<std::string>;

struct DataFiles {
  std::vector<DataFile> files;
  std::size_t training = 0;  // the first ones are of data.path, the others of data.validation
};

// The files that a glob names, in their order; else the name as it is. Error(kData) if none
// matches.
std::vector<std::string> names_of_glob(const std::string& pattern);

// Opens what the paths name, each a file, a glob or, if there are `patterns`, a folder; of the last
// two the names in their order, of a folder those that match a pattern, test sets ("test" or "t10k"
// in the name) last. A file that is there plain and packed (x, x.gz) is one. Error(kData) for a
// path that names nothing.
DataFiles open_files(const DataConfig& config, const std::vector<std::string>& patterns = {});

// What a file holds, as it is or unpacked.
struct FileContent {
  std::string path;
  std::size_t size;
  std::function<void(std::size_t offset, std::span<std::byte> to)> read;
};

template <class File>
std::vector<FileContent> contents_of(const std::vector<File>& files) {
  std::vector<FileContent> contents;
  contents.reserve(files.size());
  for (const File& file : files) {
    contents.push_back({file.path(), file.size(),
                        [&file](std::size_t offset, auto to) { file.read(offset, to); }});
  }
  return contents;
}

// Says which files have the same content.
void warn_of_same_content(const std::vector<FileContent>& files, Warnings& warnings);

}  // namespace pipetrain
