#include "data/contents.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "data/byte_stream.h"
#include "data/data_file.h"

namespace pipetrain {
namespace {

// "the format can reach ratios of 1032:1" (zlib, Technical Details).
constexpr std::size_t kMostRatio = 1032;

[[noreturn]] void refuse_size(const DataFile& file, std::size_t expected,
                              const std::string& found) {
  fail_data(file,
            "its header promises " + std::to_string(expected) + " bytes in all, it holds " + found);
}

}  // namespace

Contents::Contents(DataFile file, std::size_t size) : file_(std::move(file)), size_(size) {
  const std::size_t held = file_.size();
  if (!is_gzip(file_)) {
    if (held != size) refuse_size(file_, size, std::to_string(held));
    return;
  }
  if (size / kMostRatio > held)
    refuse_size(file_, size, "less (" + std::to_string(held) + " packed)");
  unpacked_.resize(size);
  const auto stream = open_stream(file_);
  const std::size_t count = stream->read(unpacked_);
  if (count < size) refuse_size(file_, size, std::to_string(count));
  std::byte more;
  if (stream->read({&more, 1}) > 0) refuse_size(file_, size, "more");
}

std::vector<std::byte> Contents::start_of(const DataFile& file, std::size_t count) {
  std::vector<std::byte> start(is_gzip(file) ? count : std::min(count, file.size()));
  start.resize(open_stream(file)->read(start));
  return start;
}

void Contents::read(std::size_t offset, std::span<std::byte> to) const {
  if (unpacked_.empty()) return file_.read(offset, to);
  std::memcpy(to.data(), unpacked_.data() + offset, to.size());
}

}  // namespace pipetrain
