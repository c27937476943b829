// The safetensors format (github.com/huggingface/safetensors, README "Format"): eight bytes of
// header length, a JSON header, then the tensors without gaps. It must not know checkpoints;
// nothing in a file is trusted before it is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/file_io.h"
#include "checkpoint/mapped_bytes.h"

namespace pipetrain {

// kOther is a type that we do not read; a file may have tensors of it that nobody asks for.
enum class StoredType : std::uint8_t { kFloat32, kBFloat16, kFloat16, kInt32, kInt64, kOther };

std::size_t bytes_of(StoredType type);
const char* name_of(StoredType type);  // "F32", "BF16", "F16", "I32", "I64"; none for kOther
StoredType stored_type(std::string_view name, const std::string& file);  // Error if unknown

// An element of a floating-point type, in its file's bytes, which need not be aligned.
bool is_float(StoredType type);
float float_at(const std::byte* from, StoredType type);
// These as kFloat32 or kBFloat16, rounded to the nearest, of two the even one; in `room` unless
// they are so already.
Bytes bytes_as(std::span<const float> values, StoredType type, std::vector<std::uint16_t>& room);

using Extents = std::vector<std::int64_t>;  // of a tensor, outermost first

// The number of elements; Error(kCheckpoint) naming `file` for a negative extent or a size beyond
// 2^62 bytes.
std::int64_t elements_of(const Extents& extents, const std::string& file);
std::string text_of(const Extents& extents);  // "(12, 64)"

struct StoredTensor {
  std::string name;
  StoredType type = StoredType::kFloat32;
  Extents shape;
  Bytes bytes;
  std::string other_type = {};  // the file's name for it, of kOther
};
std::string type_name(const StoredTensor& tensor);  // in a line: "F32", "U8"

class SafetensorsFile {
 public:
  explicit SafetensorsFile(
      const std::string& path);  // Error(kCheckpoint) for whatever is wrong with it

  const std::vector<StoredTensor>& tensors() const { return tensors_; }  // sorted by name
  const StoredTensor* find(std::string_view name) const;

 private:
  MappedBytes file_;
  std::vector<StoredTensor> tensors_;
};

// The tensors of a file's bytes, sorted by name; `file` is for messages.
std::vector<StoredTensor> parse_safetensors(Bytes bytes, const std::string& file);

// Writes the tensors in the given order, aside and then renamed. Names must differ.
void write_safetensors(const std::string& path, const std::vector<StoredTensor>& tensors);
// The same without all tensors in memory at once: `bytes_of_tensor` is asked for each in turn, and
// what it gives may go with the next. `metadata` is the header's __metadata__.
void write_safetensors(const std::string& path, const std::vector<StoredTensor>& tensors,
                       const std::map<std::string, std::string>& metadata,
                       const std::function<Bytes(std::size_t)>& bytes_of_tensor);

}  // namespace pipetrain
