// The header and tensors of a safetensors file: weights from anywhere.
#include <cstddef>
#include <cstdint>

#include "checkpoint/safetensors.h"
#include "fuzz/input.h"

using namespace pipetrain;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile whole(fuzz::Input(data, size));
  fuzz::read_or_refuse([&] {
    const SafetensorsFile file(whole.path());
    std::size_t bytes = 0;
    double sum = 0;
    for (const StoredTensor& tensor : file.tensors()) {
      bytes += tensor.bytes.size();
      fuzz::require(file.find(tensor.name) != nullptr, "a tensor is found by its name");
      if (!is_float(tensor.type)) continue;
      const auto elements = static_cast<std::size_t>(elements_of(tensor.shape, "its shape"));
      for (std::size_t i = 0; i < elements; ++i) {
        sum += float_at(tensor.bytes.data() + i * bytes_of(tensor.type), tensor.type);
      }
    }
    fuzz::require(bytes <= size && (sum <= 0 || sum > 0 || sum != sum), "tensors are in the file");
  });
  return 0;
}
