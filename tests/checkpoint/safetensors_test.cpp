#include "checkpoint/safetensors.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace safetensors_test {

namespace {

std::string file_of(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, 'x');
}

std::string error_of(const std::string& bytes) {
  try {
    parse_safetensors(std::as_bytes(std::span(bytes)), "x.safetensors");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kCheckpoint);
    const std::string message = error.what(), start = "checkpoint: x.safetensors: ";
    CHECK(message.find('\n') == std::string::npos);
    CHECK(message.starts_with(start));
    return message.substr(start.size());
  }
  return "no error";
}

}  // namespace

TEST_CASE("Numbers of all floating-point types are what IEEE 754 says") {
  const auto half = [](std::uint16_t bits, StoredType type) {
    return float_at(reinterpret_cast<const std::byte*>(&bits), type);
  };
  const auto float16 = [&](std::uint16_t bits) { return half(bits, StoredType::kFloat16); };
  CHECK(float16(0x3C00) == 1.0f);
  CHECK(float16(0xC000) == -2.0f);
  CHECK(float16(0x3555) == 1365.0f / 4096);
  CHECK(float16(0x7BFF) == 65504.0f);
  CHECK(float16(0x0400) == std::ldexp(1.0f, -14));
  CHECK(float16(0x0001) == std::ldexp(1.0f, -24));
  CHECK(float16(0x83FF) == std::ldexp(-1023.0f, -24));
  CHECK(std::signbit(float16(0x8000)));
  CHECK(float16(0xFC00) == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(float16(0x7E00)));
  CHECK(half(0xBF80, StoredType::kBFloat16) == -1.0f);
  const float third = 1.0f / 3;
  CHECK(float_at(reinterpret_cast<const std::byte*>(&third), StoredType::kFloat32) == third);
}

TEST_CASE("Tensors are written one at a time as they are all at once") {
  const TemporaryFolder folder;
  const std::vector<float> a = {1, 2, 3, 4}, b = {5, 6};
  const auto bytes = [](const std::vector<float>& values) {
    return std::as_bytes(std::span(values));
  };
  std::vector<StoredTensor> tensors = {{"b", StoredType::kFloat32, {2}, bytes(b)},
                                       {"a", StoredType::kFloat32, {2, 2}, bytes(a)}};
  write_safetensors(folder.path("whole"), tensors);
  for (StoredTensor& tensor : tensors) tensor.bytes = {};
  std::vector<float> buffer;  // the same for both
  const auto next = [&](std::size_t i) {
    buffer = i == 0 ? b : a;
    return bytes(buffer);
  };
  write_safetensors(folder.path("parts"), tensors, {}, next);
  CHECK(MappedBytes(folder.path("parts")).text() == MappedBytes(folder.path("whole")).text());
  write_safetensors(folder.path("more"), tensors, {{"format", "pt"}}, next);
  CHECK(MappedBytes(folder.path("more")).text().find(R"("__metadata__":{"format":"pt"})") !=
        std::string_view::npos);
  CHECK(SafetensorsFile(folder.path("more")).tensors().size() == 2);
}

TEST_CASE("Tensors come back from a safetensors file bit by bit") {
  const TemporaryFolder folder;
  std::vector<float> weights(6);
  std::iota(weights.begin(), weights.end(), 0.1f);
  const std::vector<std::int64_t> steps = {-5};
  const std::string path = folder.path("x.safetensors");
  write_safetensors(path,
                    {{"weight", StoredType::kFloat32, {2, 3}, std::as_bytes(std::span(weights))},
                     {"step", StoredType::kInt64, {}, std::as_bytes(std::span(steps))},
                     {"nothing", StoredType::kBFloat16, {0, 7}, {}}});
  const SafetensorsFile file(path);
  REQUIRE(file.tensors().size() == 3);
  const StoredTensor* weight = file.find("weight");
  REQUIRE(weight != nullptr);
  CHECK(weight->shape == Extents{2, 3});
  CHECK(weight->type == StoredType::kFloat32);
  CHECK(std::equal(weights.begin(), weights.end(),
                   reinterpret_cast<const float*>(weight->bytes.data())));
  CHECK(reinterpret_cast<std::uintptr_t>(weight->bytes.data()) % 8 == 0);
  CHECK(std::memcmp(file.find("step")->bytes.data(), steps.data(), 8) == 0);
  CHECK(file.find("nothing")->bytes.empty());
  CHECK(file.find("other") == nullptr);
  CHECK(!std::filesystem::exists(path + ".partial"));
}

TEST_CASE("Tensors of types that we do not read are carried along") {
  const std::string header = R"({"mask":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                             R"("odd":{"dtype":"F4","shape":[4],"data_offsets":[3,5]},)"
                             R"("w":{"dtype":"F32","shape":[1],"data_offsets":[5,9]}})";
  const std::uint64_t length = header.size();
  std::string whole(reinterpret_cast<const char*>(&length), sizeof length);
  whole += header + std::string(9, '\1');
  const auto tensors = parse_safetensors(std::as_bytes(std::span(whole)), "x");
  REQUIRE(tensors.size() == 3);
  CHECK(type_name(tensors[0]) == "U8");
  CHECK(tensors[0].bytes.size() == 3);
  CHECK(type_name(tensors[1]) == "F4");
  CHECK(type_name(tensors[2]) == "F32");
}

TEST_CASE("What Git LFS has left instead of a file is said to be that") {
  const TemporaryFolder folder;
  const std::string path = folder.path("model.safetensors");
  write_synced(path, "version https://git-lfs.github.com/spec/v1\noid sha256:a0\nsize 548105171\n");
  try {
    const MappedBytes file(path);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(std::string(error.what())
              .ends_with("is a Git LFS pointer, expected the file of 548105171 bytes that it "
                         "stands for; fetch it "
                         "with git lfs pull"));
  }
}

TEST_CASE("A file that cannot be written leaves the old one") {
  const TemporaryFolder folder;
  const std::string path = folder.path("none/x.safetensors");
  try {
    write_safetensors(path, {});
    FAIL("written");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kCheckpoint);
    CHECK(std::string(error.what()).find("No such file or directory") != std::string::npos);
  }
}

TEST_CASE("A safetensors file is checked before it is trusted") {
  const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  auto with = [](const std::string& entry) { return R"({"a":)" + entry + "}"; };
  CHECK(error_of(file_of(good, 8)) == "no error");
  CHECK(error_of(file_of("{}", 0)) == "no error");
  CHECK(error_of(file_of(R"({"__metadata__":{"format":"pt"}})", 0)) == "no error");
  CHECK(error_of("1234567") == "ends inside its header");
  CHECK(error_of(file_of(good, 8).substr(0, 30))
            .starts_with("its header claims 54 bytes, the file has 30"));
  CHECK(error_of(std::string(16, '\xFF'))
            .starts_with("its header claims 18446744073709551615 bytes"));
  CHECK(error_of(file_of("[1]", 0)) == "its header is not a JSON object");
  CHECK(error_of(file_of(std::string(100'000, '['), 0)) ==
        "its header has parts in parts, more than 100 deep");
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(error_of(file_of(R"({"__metadata__":)" + deep + "}", 0)) ==
        "its header has parts in parts, more than 100 deep");
  CHECK(error_of(file_of(good, 7))
            .starts_with("tensor a: data_offsets (0, 8) do not lie in the file's 7 bytes"));
  CHECK(error_of(file_of(good, 9)) == "has bytes after its last tensor");
  CHECK(error_of(file_of(with("3"), 0)) == "tensor a: is not described by a JSON object");
  CHECK(error_of(file_of(with("{}"), 0)) == "tensor a: has no dtype");
  CHECK(error_of(file_of(with(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"), 4))
            .starts_with("tensor a: shape is not a list of whole numbers"));
  CHECK(error_of(file_of(with(R"({"dtype":"F32","shape":[1.5],"data_offsets":[0,4]})"), 4))
            .starts_with("tensor a: shape is not a list of whole numbers"));
  CHECK(error_of(file_of(with(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"), 8)) ==
        "tensor a: has 8 bytes, expected 12 for shape (3)");
  CHECK(error_of(
            file_of(with(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})"),
                    0))
            .starts_with("tensor a: shape (4294967296, 4294967296) is no size"));
  CHECK(error_of(file_of(with(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), 8))
            .find("do not lie") != std::string::npos);
  const std::string overlap = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                              R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})";
  CHECK(error_of(file_of(overlap, 12)) == "tensor b overlaps another or leaves a gap");
  CHECK(error_of(file_of(R"({"a\nb":{}})", 0)) == "tensor a?b: has no dtype");
}

}  // namespace safetensors_test
