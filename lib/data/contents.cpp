#include "data/contents.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.h"

namespace pipetrain {
namespace {

// "the format can reach ratios of 1032:1" (zlib, Technical Details).
constexpr std::size_t kMostRatio = 1032;

[[noreturn]] void fail(const DataFile& file, const std::string& what) {
  throw Error(ExitCode::kData, "data: " + file.path() + ": " + what);
}

class Inflater {
 public:
  explicit Inflater(const DataFile& file) : file_(file) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) fail(file, "cannot be unpacked: out of memory");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Fills `to` with the next bytes; returns how many there were.
  std::size_t read(std::span<std::byte> to) {
    std::size_t done = 0;
    while (done < to.size()) {
      give_input();
      const auto room = static_cast<uInt>(
          std::min<std::size_t>(to.size() - done, std::numeric_limits<uInt>::max()));
      stream_.next_out = reinterpret_cast<Bytef*>(to.data() + done);
      stream_.avail_out = room;
      const int result = inflate(&stream_, Z_NO_FLUSH);
      done += room - stream_.avail_out;
      if (result == Z_STREAM_END) {  // of a member; others may follow
        if (at_end()) break;
        inflateReset(&stream_);
      } else if (result == Z_BUF_ERROR) {
        fail(file_, "its gzip data are cut off, after " + std::to_string(taken()) + " bytes");
      } else if (result != Z_OK) {
        fail(file_, "its gzip data are damaged, at byte " + std::to_string(taken()) + " (" +
                        (stream_.msg != nullptr ? stream_.msg : "unknown") + ")");
      }
    }
    return done;
  }

 private:
  void give_input() {
    if (stream_.avail_in > 0 || given_ == file_.size()) return;
    const std::size_t count = std::min(piece_.size(), file_.size() - given_);
    file_.read(given_, std::span(piece_).first(count));
    stream_.next_in = reinterpret_cast<Bytef*>(piece_.data());
    stream_.avail_in = static_cast<uInt>(count);
    given_ += count;
  }
  std::size_t taken() const { return given_ - stream_.avail_in; }
  bool at_end() const { return taken() == file_.size(); }

  const DataFile& file_;
  std::vector<std::byte> piece_ = std::vector<std::byte>(std::size_t{1} << 18);  // of the file
  z_stream stream_ = {};
  std::size_t given_ = 0;  // bytes of the file handed to zlib
};

[[noreturn]] void refuse_size(const DataFile& file, std::size_t expected,
                              const std::string& found) {
  fail(file,
       "its header promises " + std::to_string(expected) + " bytes in all, it holds " + found);
}

}  // namespace

bool is_gzip(const DataFile& file) {
  std::array<std::byte, 2> start{};
  if (file.size() < start.size()) return false;
  file.read(0, start);
  return start == std::array{std::byte{0x1f}, std::byte{0x8b}};
}

Contents::Contents(DataFile file, std::size_t size) : file_(std::move(file)), size_(size) {
  const std::size_t held = file_.size();
  if (!is_gzip(file_)) {
    if (held != size) refuse_size(file_, size, std::to_string(held));
    return;
  }
  if (size / kMostRatio > held)
    refuse_size(file_, size, "less (" + std::to_string(held) + " packed)");
  unpacked_.resize(size);
  Inflater inflater(file_);
  const std::size_t count = inflater.read(unpacked_);
  if (count < size) refuse_size(file_, size, std::to_string(count));
  std::byte more;
  if (inflater.read({&more, 1}) > 0) refuse_size(file_, size, "more");
}

std::vector<std::byte> Contents::start_of(const DataFile& file, std::size_t count) {
  std::vector<std::byte> start(is_gzip(file) ? count : std::min(count, file.size()));
  if (is_gzip(file)) {
    start.resize(Inflater(file).read(start));
  } else {
    file.read(0, start);
  }
  return start;
}

void Contents::read(std::size_t offset, std::span<std::byte> to) const {
  if (unpacked_.empty()) return file_.read(offset, to);
  std::memcpy(to.data(), unpacked_.data() + offset, to.size());
}

}  // namespace pipetrain
