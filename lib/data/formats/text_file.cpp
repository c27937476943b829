#include "data/formats/text_file.h"

#include <array>
#include <cstring>
#include <span>
#include <string_view>

#include "base/error.h"
#include "data/byte_stream.h"

namespace pipetrain {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF"sv;  // in UTF-8

struct Encoding {
  std::string_view mark;
  const char* name;
};

// No UTF-8 begins like these; the longer ones come first.
constexpr std::array<Encoding, 4> kOthers = {{{"\xFF\xFE\0\0"sv, "UTF-32"},
                                              {"\0\0\xFE\xFF"sv, "UTF-32"},
                                              {"\xFF\xFE"sv, "UTF-16"},
                                              {"\xFE\xFF"sv, "UTF-16"}}};

// Of UTF-16 without a mark: letters of Latin alphabets have a zero beside them, which no text has.
const char* unmarked(std::string_view start) {
  if (start.size() < 16) return nullptr;
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < start.size(); ++i) zeros[i % 2] += start[i] == '\0' ? 1 : 0;
  const std::size_t most = start.size() / 4;  // half of every second byte
  if (zeros[0] > most && zeros[1] <= most / 8) return "UTF-16BE";
  if (zeros[1] > most && zeros[0] <= most / 8) return "UTF-16LE";
  return nullptr;
}

std::string start_of(const DataFile& file) {
  constexpr std::size_t kLooksAt = 4096;
  std::string start(std::min(file.size(), kLooksAt), '\0');
  file.read(0, std::as_writable_bytes(std::span(start)));
  return start;
}

}  // namespace

const char* other_encoding(const DataFile& file) {
  const std::string start = start_of(file);
  for (const Encoding& other : kOthers) {
    if (start.starts_with(other.mark)) return other.name;
  }
  return unmarked(start);
}

std::size_t past_mark(const DataFile& file) {
  return start_of(file).starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
}

std::size_t start_of_text(const DataFile& file) {
  if (is_gzip(file)) {
    throw Error(ExitCode::kData, "data: " + file.path() + ": is packed with gzip; unpack it first");
  }
  if (const char* const other = other_encoding(file)) {
    throw Error(ExitCode::kData, "data: " + file.path() + ": is " + other +
                                     " text, expected UTF-8; convert it: iconv -f " + other +
                                     " -t UTF-8 " + file.path() + " > FILE");
  }
  return past_mark(file);
}

}  // namespace pipetrain
