// Records of a TensorBoard event file: a protobuf message of class Event each, framed as in
// TensorFlow's record files. Only the few fields that scalars need are known here. Pure.
//
// Frame (tensorflow/core/lib/io/record_writer.h): length as 8 bytes, masked CRC-32C of these, the
// message, masked CRC-32C of the message; all little-endian. Message fields as in
// tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pipetrain {

// CRC-32C (Castagnoli's polynomial, reflected 0x82F63B78), and as record files keep it: rotated
// right by 15 bits, plus 0xa282ead8.
std::uint32_t crc32c(std::string_view bytes);
std::uint32_t masked_crc32c(std::string_view bytes);

struct TensorboardScalar {
  std::string tag;
  double value = 0;  // kept as float32
};

// Whole records, framed. `wall_seconds` since 1970.
// The first of a file.
std::string version_record(double wall_seconds);
// A start, or a start again: what earlier files say of steps from `step` on is of no account.
std::string start_record(double wall_seconds, std::int64_t step);
std::string scalars_record(double wall_seconds, std::int64_t step,
                           const std::vector<TensorboardScalar>& scalars);

}  // namespace pipetrain
