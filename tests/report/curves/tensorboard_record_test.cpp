#include "report/curves/tensorboard_record.h"

#include <cstdint>
#include <string>

#include "catch.h"

using namespace pipetrain;

namespace {

std::string hex(const std::string& bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

// Without its frame: 8 bytes of length and 4 of its sum before, 4 of the message's sum behind.
std::string message_of(const std::string& record) { return record.substr(12, record.size() - 16); }

}  // namespace

TEST_CASE("CRC-32C gives the sums of RFC 3720, B.4, and is masked as record files keep it") {
  CHECK(crc32c("123456789") == 0xE3069283U);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAU);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43U);
  CHECK(crc32c("") == 0);
  CHECK(masked_crc32c("") == 0xa282ead8U);
  CHECK(masked_crc32c("123456789") == 0xC78AB0E5U);
}

TEST_CASE("Records are the messages of event.proto, byte for byte, in their frames") {
  const std::string version = version_record(1.5);
  CHECK(hex(message_of(version)) ==
        "09"
        "000000000000f83f"                  // wall_time 1.5
        "1a0d627261696e2e4576656e743a32");  // file_version "brain.Event:2"
  CHECK(hex(version.substr(0, 8)) == "1800000000000000");
  CHECK(hex(message_of(start_record(0, 300))) == "09000000000000000010ac023a020801");
  CHECK(hex(message_of(scalars_record(0, 7, {{"loss", 0.5}, {"a", -2}}))) ==
        "090000000000000000"
        "1007"
        "2a17"
        "0a0b0a046c6f737315"
        "0000003f"
        "0a080a016115"
        "000000c0");
}
