#include "report/curves/tensorboard_record.h"

#include <array>
#include <bit>
#include <cstddef>

namespace pipetrain {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
    table[byte] = crc;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = crc_table();

template <class Number>
std::string little_endian(Number number) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    bytes += static_cast<char>(number >> (8 * i) & 0xff);
  }
  return bytes;
}

// Protobuf's wire format (https://protobuf.dev/programming-guides/encoding): a field is its number
// and kind, then its value.
std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>((number & 0x7f) | 0x80);
  return bytes + static_cast<char>(number);
}

enum class WireKind : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::string tag_of(int field, WireKind kind) {
  return varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(kind));
}
std::string integer_field(int field, std::int64_t value) {
  return tag_of(field, WireKind::kVarint) + varint(static_cast<std::uint64_t>(value));
}
std::string bytes_field(int field, std::string_view bytes) {
  return tag_of(field, WireKind::kBytes) + varint(bytes.size()) + std::string(bytes);
}
std::string double_field(int field, double value) {
  return tag_of(field, WireKind::kFixed64) + little_endian(std::bit_cast<std::uint64_t>(value));
}
std::string float_field(int field, double value) {
  return tag_of(field, WireKind::kFixed32) +
         little_endian(std::bit_cast<std::uint32_t>(static_cast<float>(value)));
}

// The numbers of the fields.
namespace event {
constexpr int kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;
}
namespace session_log {
constexpr int kStatus = 1;
constexpr std::int64_t kStart = 1;
}  // namespace session_log
namespace summary {
constexpr int kValue = 1, kValueTag = 1, kValueSimple = 2;
}

std::string framed(const std::string& message) {
  const std::string length = little_endian(static_cast<std::uint64_t>(message.size()));
  return length + little_endian(masked_crc32c(length)) + message +
         little_endian(masked_crc32c(message));
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes)
    crc = kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ crc >> 8;
  return ~crc;
}

std::uint32_t masked_crc32c(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8U;
}

std::string version_record(double wall_seconds) {
  return framed(double_field(event::kWallTime, wall_seconds) +
                bytes_field(event::kFileVersion, "brain.Event:2"));
}

std::string start_record(double wall_seconds, std::int64_t step) {
  return framed(
      double_field(event::kWallTime, wall_seconds) + integer_field(event::kStep, step) +
      bytes_field(event::kSessionLog, integer_field(session_log::kStatus, session_log::kStart)));
}

std::string scalars_record(double wall_seconds, std::int64_t step,
                           const std::vector<TensorboardScalar>& scalars) {
  std::string values;
  for (const TensorboardScalar& scalar : scalars) {
    values += bytes_field(summary::kValue, bytes_field(summary::kValueTag, scalar.tag) +
                                               float_field(summary::kValueSimple, scalar.value));
  }
  return framed(double_field(event::kWallTime, wall_seconds) + integer_field(event::kStep, step) +
                bytes_field(event::kSummary, values));
}

}  // namespace pipetrain
