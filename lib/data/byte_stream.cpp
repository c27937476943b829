#include "data/byte_stream.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "data/data_file.h"

namespace pipetrain {
namespace {

template <std::size_t n>
bool begins_with(const DataFile& file, const std::array<unsigned char, n>& magic) {
  std::array<std::byte, n> start{};
  if (file.size() < n) return false;
  file.read(0, start);
  return std::memcmp(start.data(), magic.data(), n) == 0;
}

class PlainBytes : public ByteStream {
 public:
  explicit PlainBytes(const DataFile& file) : file_(file) {}

  std::size_t read(std::span<std::byte> to) override {
    const std::size_t count = std::min(to.size(), file_.size() - taken_);
    file_.read(taken_, to.first(count));
    taken_ += count;
    return count;
  }
  std::size_t taken() const override { return taken_; }

 private:
  const DataFile& file_;
  std::size_t taken_ = 0;
};

// The packed bytes, a piece at a time.
class Pieces {
 public:
  explicit Pieces(const DataFile& file) : file_(file) {}

  std::span<const std::byte> next() {
    const std::size_t count = std::min(piece_.size(), file_.size() - given_);
    const auto piece = std::span(piece_).first(count);
    file_.read(given_, piece);
    given_ += count;
    return piece;
  }
  std::size_t given() const { return given_; }
  bool at_end() const { return given_ == file_.size(); }

 private:
  const DataFile& file_;
  std::vector<std::byte> piece_ = std::vector<std::byte>(std::size_t{1} << 18);
  std::size_t given_ = 0;  // bytes of the file
};

class GzipBytes : public ByteStream {
 public:
  explicit GzipBytes(const DataFile& file) : file_(file), pieces_(file) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK)
      fail_data(file, "cannot be unpacked: out of memory");
  }
  ~GzipBytes() override { inflateEnd(&stream_); }
  GzipBytes(const GzipBytes&) = delete;
  GzipBytes& operator=(const GzipBytes&) = delete;

  std::size_t read(std::span<std::byte> to) override {
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
        if (taken() == file_.size()) break;
        inflateReset(&stream_);
      } else if (result == Z_BUF_ERROR) {
        fail_data(file_, "its gzip data are cut off, after " + std::to_string(taken()) + " bytes");
      } else if (result != Z_OK) {
        fail_data(file_, "its gzip data are damaged, at byte " + std::to_string(taken()) + " (" +
                             (stream_.msg != nullptr ? stream_.msg : "unknown") + ")");
      }
    }
    return done;
  }
  std::size_t taken() const override { return pieces_.given() - stream_.avail_in; }

 private:
  void give_input() {
    if (stream_.avail_in > 0 || pieces_.at_end()) return;
    const auto piece = pieces_.next();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(piece.size());
  }

  const DataFile& file_;
  Pieces pieces_;
  z_stream stream_ = {};
};

// Frames follow each other, as in a file that `cat` has put together.
class ZstdBytes : public ByteStream {
 public:
  explicit ZstdBytes(const DataFile& file)
      : file_(file), pieces_(file), stream_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    if (!stream_) fail_data(file, "cannot be unpacked: out of memory");
  }

  std::size_t read(std::span<std::byte> to) override {
    ZSTD_outBuffer out = {to.data(), to.size(), 0};
    while (out.pos < out.size && !(complete_ && taken() == file_.size())) {
      if (input_.pos == input_.size && !pieces_.at_end()) {
        const auto piece = pieces_.next();
        input_ = {piece.data(), piece.size(), 0};
      }
      const std::size_t written = out.pos, given = input_.pos;
      const std::size_t result = ZSTD_decompressStream(stream_.get(), &out, &input_);
      if (ZSTD_isError(result) != 0) {
        fail_data(file_, "its zstd data are damaged, at byte " + std::to_string(taken()) + " (" +
                             ZSTD_getErrorName(result) + ")");
      }
      complete_ = result == 0;
      if (!complete_ && out.pos == written && input_.pos == given && pieces_.at_end()) {
        fail_data(file_, "its zstd data are cut off, after " + std::to_string(taken()) + " bytes");
      }
    }
    return out.pos;
  }
  std::size_t taken() const override { return pieces_.given() - (input_.size - input_.pos); }

 private:
  const DataFile& file_;
  Pieces pieces_;
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
  ZSTD_inBuffer input_ = {nullptr, 0, 0};
  bool complete_ = false;  // the frame; others may follow
};

}  // namespace

bool is_gzip(const DataFile& file) {
  return begins_with(file, std::array<unsigned char, 2>{0x1f, 0x8b});
}

bool is_zstd(const DataFile& file) {
  return begins_with(file, std::array<unsigned char, 4>{0x28, 0xb5, 0x2f, 0xfd});
}

std::unique_ptr<ByteStream> open_stream(const DataFile& file) {
  if (is_gzip(file)) return std::make_unique<GzipBytes>(file);
  if (is_zstd(file)) return std::make_unique<ZstdBytes>(file);
  return std::make_unique<PlainBytes>(file);
}

}  // namespace pipetrain
