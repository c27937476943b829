#include "data/image_set.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/suggest.h"

namespace pipetrain {
namespace {

bool is_test_set(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename();
  return name.find("test") != std::string::npos || name.find("t10k") != std::string::npos;
}

std::vector<std::string> files_of(const std::string& folder,
                                  const std::vector<std::string>& patterns) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    for (const std::string& pattern : patterns) {
      if (::fnmatch(pattern.c_str(), name.c_str(), 0) == 0) files.push_back(entry.path());
    }
  }
  if (error) throw Error(ExitCode::kData, "data: " + folder + ": " + error.message());
  if (files.empty()) {
    throw Error(ExitCode::kData, "data: " + folder + ": has no file like " + join(patterns));
  }
  std::ranges::sort(files);
  std::stable_partition(files.begin(), files.end(),
                        [](const std::string& file) { return !is_test_set(file); });
  return files;
}

}  // namespace

std::string ImageLayout::text() const {
  return std::to_string(height) + " x " + std::to_string(width) + " x " + std::to_string(channels);
}

std::int64_t ImageSet::size() const {
  std::int64_t size = 0;
  for (const ImagePart& part : parts) size += part.count;
  return size;
}

std::string ImageSet::name() const { return parts.front().label_file; }

const ImagePart& ImageSet::part_of(std::int64_t& sample) const {
  auto part = parts.begin();
  while (sample >= part->count) sample -= part++->count;
  return *part;
}

std::int32_t ImageSet::label(std::int64_t sample) const {
  const ImagePart& part = part_of(sample);
  return part.labels[static_cast<std::size_t>(sample)];
}

void ImageSet::read_image(std::int64_t sample, std::span<std::byte> bytes) const {
  const ImagePart& part = part_of(sample);
  files[part.file].read(part.offset + static_cast<std::size_t>(sample) * part.stride, bytes);
}

std::vector<std::string> files_of_folders(const std::vector<std::string>& paths,
                                          const std::vector<std::string>& patterns) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code unreadable;  // opening it says why
    if (std::filesystem::is_directory(path, unreadable)) {
      for (std::string& file : files_of(path, patterns)) files.push_back(std::move(file));
    } else {
      files.push_back(path);
    }
  }
  return files;
}

void check_labels(const ImageSet& set) {
  for (const ImagePart& part : set.parts) {
    for (std::size_t i = 0; i < part.labels.size(); ++i) {
      if (part.labels[i] < set.classes) continue;
      throw Error(ExitCode::kData, "data: " + part.label_file + ": label " + std::to_string(i) +
                                       " (byte " +
                                       std::to_string(part.label_offset + i * part.label_stride) +
                                       ") is " + std::to_string(part.labels[i]) +
                                       ", expected 0 to " + std::to_string(set.classes - 1));
    }
  }
}

int largest_label(const ImageSet& set) {
  int largest = 0;
  for (const ImagePart& part : set.parts) {
    for (const int label : part.labels) largest = std::max(largest, label);
  }
  return largest;
}

}  // namespace pipetrain
