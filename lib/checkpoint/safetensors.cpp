#include "checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>

#include "base/json_text.h"
#include "checkpoint/json_fields.h"

namespace pipetrain {
namespace {

using nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMaxHeaderBytes = 100'000'000;  // the reference implementation's limit
constexpr std::array<const char*, 5> kTypeNames = {"F32", "BF16", "F16", "I32", "I64"};

StoredType known_type(std::string_view name) {  // kOther: none that we read
  return static_cast<StoredType>(std::ranges::find(kTypeNames, name) - kTypeNames.begin());
}

json parse_header(Bytes bytes, const std::string& file) {
  if (bytes.size() < kLengthBytes) fail_checkpoint(file, "ends inside its header");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > bytes.size() - kLengthBytes || length > kMaxHeaderBytes) {
    fail_checkpoint(file, "its header claims " + std::to_string(length) + " bytes, the file has " +
                              std::to_string(bytes.size()));
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length);
  json header = parsed_json(text);
  if (!header.is_object()) {
    fail_checkpoint(file, "its header " + json_fault(text, "is not a JSON object"));
  }
  return header;
}

StoredTensor parse_tensor(const std::string& name, const json& entry, Bytes data,
                          const std::string& file) {
  const std::string where = file + ": tensor " + shortened(name);
  const std::string dtype = json_text(entry, "dtype", where);
  StoredTensor tensor{name, known_type(dtype), json_sizes(entry, "shape", where), {}};
  const bool other = tensor.type == StoredType::kOther;
  if (other) tensor.other_type = dtype;
  const Extents range = json_sizes(entry, "data_offsets", where);
  if (range.size() != 2 || range[0] > range[1] ||
      range[1] > static_cast<std::int64_t>(data.size())) {
    fail_checkpoint(where, "data_offsets " + text_of(range) + " do not lie in the file's " +
                               std::to_string(data.size()) + " bytes of data");
  }
  const std::int64_t bytes = range[1] - range[0], elements = elements_of(tensor.shape, where);
  const std::int64_t expected =
      other ? bytes : elements * static_cast<std::int64_t>(bytes_of(tensor.type));
  if (bytes != expected) {
    fail_checkpoint(where, "has " + std::to_string(bytes) + " bytes, expected " +
                               std::to_string(expected) + " for shape " + text_of(tensor.shape));
  }
  tensor.bytes = data.subspan(static_cast<std::size_t>(range[0]), static_cast<std::size_t>(bytes));
  return tensor;
}

// The format allows neither gaps nor overlaps nor a tail; a name given twice shows as a gap.
void require_contiguous(std::vector<StoredTensor>& tensors, Bytes data, const std::string& file) {
  std::ranges::sort(tensors, [](const StoredTensor& a, const StoredTensor& b) {
    return a.bytes.data() != b.bytes.data() ? a.bytes.data() < b.bytes.data()
                                            : a.bytes.size() < b.bytes.size();
  });
  const std::byte* at = data.data();
  for (const StoredTensor& tensor : tensors) {
    if (tensor.bytes.data() != at) {
      fail_checkpoint(file,
                      "tensor " + shortened(tensor.name) + " overlaps another or leaves a gap");
    }
    at += tensor.bytes.size();
  }
  if (at != data.data() + data.size()) {
    fail_checkpoint(file, "has bytes after its last tensor");
  }
}

// IEEE 754 binary16: a sign, 5 bits of exponent with bias 15, 10 of fraction.
float from_float16(std::uint16_t half) {
  const int exponent = (half >> 10) & 31, fraction = half & 1023;
  if (exponent == 31) {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
    return std::bit_cast<float>(sign | 0x7f800000U | static_cast<std::uint32_t>(fraction) << 13);
  }
  const float size = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                   : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  return (half & 0x8000) != 0 ? -size : size;
}

}  // namespace

std::size_t bytes_of(StoredType type) {
  assert(type != StoredType::kOther);
  constexpr std::array<std::size_t, 5> kBytes = {4, 2, 2, 4, 8};
  return kBytes[static_cast<std::size_t>(type)];
}

const char* name_of(StoredType type) { return kTypeNames[static_cast<std::size_t>(type)]; }

StoredType stored_type(std::string_view name, const std::string& file) {
  const StoredType type = known_type(name);
  if (type == StoredType::kOther) {
    fail_checkpoint(file, "has dtype " + shortened(name) + ", expected F32, BF16, F16, I32 or I64");
  }
  return type;
}

std::string type_name(const StoredTensor& tensor) {
  return tensor.type == StoredType::kOther ? shortened(tensor.other_type) : name_of(tensor.type);
}

bool is_float(StoredType type) {
  return type == StoredType::kFloat32 || type == StoredType::kBFloat16 ||
         type == StoredType::kFloat16;
}

float float_at(const std::byte* from, StoredType type) {
  assert(is_float(type));
  if (type == StoredType::kFloat32) {
    float value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  std::uint16_t half;
  std::memcpy(&half, from, sizeof half);
  if (type == StoredType::kFloat16) return from_float16(half);
  return std::bit_cast<float>(std::uint32_t{half} << 16);  // the upper half of a float32
}

Bytes bytes_as(std::span<const float> values, StoredType type, std::vector<std::uint16_t>& room) {
  if (type == StoredType::kFloat32) return std::as_bytes(values);
  assert(type == StoredType::kBFloat16);
  room.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    const std::uint32_t nearest = bits + 0x7FFF + ((bits >> 16) & 1);
    room[i] = static_cast<std::uint16_t>((std::isnan(values[i]) ? bits | 0x400000 : nearest) >> 16);
  }
  return std::as_bytes(std::span(room));
}

std::int64_t elements_of(const Extents& extents, const std::string& file) {
  constexpr std::int64_t kMax = std::int64_t{1} << 59;
  std::int64_t elements = 1;
  for (const std::int64_t extent : extents) {
    if (extent < 0 || (extent > 0 && elements > kMax / extent))
      fail_checkpoint(file, "shape " + text_of(extents) + " is no size");
    elements *= extent;
  }
  return elements;
}

std::string text_of(const Extents& extents) {
  std::string text = "(";
  for (std::size_t i = 0; i < std::min<std::size_t>(extents.size(), 8); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(extents[i]);
  }
  text += extents.size() > 8 ? ", ...)" : ")";
  return text;
}

std::vector<StoredTensor> parse_safetensors(Bytes bytes, const std::string& file) {
  const json header = parse_header(bytes, file);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  const Bytes data = bytes.subspan(kLengthBytes + length);
  std::vector<StoredTensor> tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") tensors.push_back(parse_tensor(name, entry, data, file));
  }
  require_contiguous(tensors, data, file);
  std::ranges::sort(tensors, {}, &StoredTensor::name);
  return tensors;
}

SafetensorsFile::SafetensorsFile(const std::string& path)
    : file_(path), tensors_(parse_safetensors(file_.bytes(), path)) {}

const StoredTensor* SafetensorsFile::find(std::string_view name) const {
  const auto at = std::ranges::lower_bound(tensors_, name, {}, &StoredTensor::name);
  return at != tensors_.end() && at->name == name ? &*at : nullptr;
}

void write_safetensors(const std::string& path, const std::vector<StoredTensor>& tensors) {
  write_safetensors(path, tensors, {}, [&](std::size_t i) { return tensors[i].bytes; });
}

void write_safetensors(const std::string& path, const std::vector<StoredTensor>& tensors,
                       const std::map<std::string, std::string>& metadata,
                       const std::function<Bytes(std::size_t)>& bytes_of_tensor) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::vector<std::size_t> sizes;
  std::size_t offset = 0;
  for (const StoredTensor& tensor : tensors) {
    assert(!header.contains(tensor.name));
    sizes.push_back(static_cast<std::size_t>(elements_of(tensor.shape, path)) *
                    bytes_of(tensor.type));
    const std::size_t end = offset + sizes.back();
    header[tensor.name] = {
        {"dtype", name_of(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the tensors are aligned
  const std::uint64_t length = text.size();
  write_synced(path, [&](const std::function<void(Bytes)>& write) {
    write(std::as_bytes(std::span(&length, 1)));
    write(std::as_bytes(std::span(text)));
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const Bytes bytes = bytes_of_tensor(i);
      assert(bytes.size() == sizes[i]);
      write(bytes);
    }
  });
}

}  // namespace pipetrain
