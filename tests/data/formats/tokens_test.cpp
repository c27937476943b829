#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <ios>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/formats/formats.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace tokens_test {

namespace {

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::string header(std::int32_t magic, std::int32_t version, std::int32_t count) {
  std::vector<std::int32_t> words(256);
  words[0] = magic;
  words[1] = version;
  words[2] = count;
  return bytes_of(words);
}

// 0, 7, 14, ...
template <class T>
std::string tokens(int count) {
  std::vector<T> values;
  for (int i = 0; i < count; ++i) values.push_back(static_cast<T>(7 * i));
  return bytes_of(values);
}

std::unique_ptr<Source> open_tokens(const std::string& path, int vocabulary = 0) {
  return open_source({.format = "tokens", .path = {path}}, 4, 1, vocabulary);
}

// The message without "data: <folder>/".
std::string error_of(const TemporaryFolder& folder, const std::string& contents,
                     int vocabulary = 0) {
  const std::string file = folder.write("x.bin", contents);
  try {
    open_tokens(file, vocabulary);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kData);
    const std::string message = error.what(), start = "data: " + file + ": ";
    return message.starts_with(start) ? message.substr(start.size()) : message;
  }
  return "no error";
}

std::vector<std::int32_t> first_validation_row(const Source& source) {
  std::vector<std::int32_t> inputs(4), targets(4);
  Tensor x = Tensor::view(inputs.data(), {1, 4}, DType::kInt32),
         y = Tensor::view(targets.data(), {1, 4}, DType::kInt32);
  source.read_validation(0, x, y);
  CHECK(std::vector<std::int32_t>(inputs.begin() + 1, inputs.end()) ==
        std::vector<std::int32_t>(targets.begin(), targets.end() - 1));
  return inputs;
}

}  // namespace

TEST_CASE("Bare uint16 tokens and llm.c's files give the same tokens") {
  const TemporaryFolder folder;
  const std::vector<std::int32_t> expected = {630, 637, 644, 651};  // the last 10 of 100 validate
  const auto bare = open_tokens(folder.write("bare.bin", tokens<std::uint16_t>(100)));
  CHECK(first_validation_row(*bare) == expected);
  CHECK(bare->vocabulary() == 694);  // the largest is 693
  const auto gpt2 =
      open_tokens(folder.write("gpt2.bin", header(20240520, 1, 100) + tokens<std::uint16_t>(100)));
  CHECK(first_validation_row(*gpt2) == expected);
  CHECK(gpt2->vocabulary() == 50257);
  CHECK(gpt2->tokenizer()["type"] == "gpt2");
  const auto llama = open_tokens(
      folder.write("llama.bin", header(20240801, 7, 100) + tokens<std::uint32_t>(100)), 200000);
  CHECK(first_validation_row(*llama) == expected);
  CHECK(llama->vocabulary() == 200000);
}

TEST_CASE("A token beyond the vocabulary is named with its file and place") {
  const TemporaryFolder folder;
  CHECK(error_of(folder, tokens<std::uint16_t>(100), 600)
            .starts_with("token 86 (byte 172) is 602, beyond the vocabulary of 600"));
  CHECK(error_of(folder, header(20240520, 1, 100) + tokens<std::uint16_t>(100), 600)
            .starts_with("token 86 (byte 1196) is 602"));
  std::vector<std::uint32_t> huge(100);
  huge[50] = 0xFFFFFFFF;
  CHECK(error_of(folder, header(20240801, 7, 100) + bytes_of(huge))
            .starts_with("token 50 (byte 1224) is 2147483647"));
}

TEST_CASE("A token that becomes wrong after the start is found when it is read") {
  const TemporaryFolder folder;
  const std::string file = folder.write("x.bin", tokens<std::uint16_t>(100));
  const auto source = open_tokens(file, 700);
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary)
      .seekp(184)
      .write("\xFF\xFF", 2);
  CHECK_THROWS_AS(first_validation_row(*source), Error);
}

TEST_CASE("A token file of the wrong kind or size is refused") {
  const TemporaryFolder folder;
  const std::string body = tokens<std::uint16_t>(100);
  CHECK(error_of(folder, body + "x") == "has 201 bytes, expected an even number (uint16 tokens)");
  CHECK(error_of(folder, header(20240522, 1, 100) + body)
            .starts_with("magic 20240522, expected 20240520 (gpt2) or"));
  CHECK(error_of(folder, header(20240520, 2, 100) + body) ==
        "version 2 of magic 20240520, expected 1");
  CHECK(error_of(folder, header(20240520, 1, 101) + body) ==
        "its header promises 101 tokens, the file of 1224 bytes holds 100");
  CHECK(error_of(folder, header(20240520, 1, -1) + body)
            .starts_with("its header promises -1 tokens"));
  CHECK(error_of(folder, header(20240520, 1, 99) + body)
            .starts_with("its header promises 99 tokens"));
  CHECK(error_of(folder, header(20240520, 1, 100).substr(0, 100)) ==
        "ends inside its header of 1024 bytes");
  CHECK(error_of(folder, "\x93NUMPY" + body).starts_with("begins like a NumPy"));
  CHECK(error_of(folder, "ab").starts_with("the training part has 0 tokens"));
}

TEST_CASE("What integers bare files hold is told from their bytes, or asked for") {
  const TemporaryFolder folder;
  const std::vector<std::int32_t> expected = {630, 637, 644, 651};
  const auto swapped = [](std::string bytes, std::size_t width) {
    for (std::size_t i = 0; i < bytes.size(); i += width)
      std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                   bytes.begin() + static_cast<std::ptrdiff_t>(i + width));
    return bytes;
  };
  const auto check = [&](const std::string& bytes, const std::string& kind, std::size_t warnings) {
    const auto source = open_tokens(folder.write("x.bin", bytes));
    CHECK(source->description().starts_with(kind + " tokens of"));
    CHECK(source->warnings().size() == warnings);
    CHECK(source->vocabulary() == 694);
    CHECK(first_validation_row(*source) == expected);
  };
  const std::string narrow = tokens<std::uint16_t>(100), wide = tokens<std::uint32_t>(100);
  check(narrow, "uint16", 0);
  check(wide, "uint32", 0);
  check(swapped(narrow, 2), "big-endian uint16", 1);
  check(swapped(wide, 4), "big-endian uint32", 1);

  DataConfig config{.format = "tokens",
                    .path = {folder.write("x.bin", wide)},
                    .token_type = TokenFileType::kUint16};
  CHECK(first_validation_row(*open_source(config, 4, 1)) ==
        std::vector<std::int32_t>{630, 0, 637, 0});
  config.token_type = TokenFileType::kUint32;
  CHECK(first_validation_row(*open_source(config, 4, 1)) == expected);
  std::vector<std::uint32_t> large(100, 100000);  // beyond 16 bits
  large[3] = 5;
  CHECK(open_tokens(folder.write("x.bin", bytes_of(large)))->vocabulary() == 100001);
  // Four letters only, as of DNA: neither zeros nor small numbers make them wide.
  std::vector<std::uint16_t> few;
  for (int i = 0; i < 400; ++i) few.push_back(static_cast<std::uint16_t>(i * i / 3 % 4));
  CHECK(open_tokens(folder.write("x.bin", bytes_of(few)))->description().starts_with("uint16"));
  // Spread evenly over all 16 bits: nothing tells.
  for (std::size_t i = 0; i < few.size(); ++i) few[i] = static_cast<std::uint16_t>(i * 40503);
  const auto unknown = open_tokens(folder.write("x.bin", bytes_of(few)));
  REQUIRE(unknown->warnings().size() == 1);
  CHECK(contains(unknown->warnings()[0], "taken for uint16", "data.token_type: uint16 or uint32"));
}

TEST_CASE("The byte order of a known header is recognised") {
  const TemporaryFolder folder;
  std::string file = header(20240801, 7, 100) + tokens<std::uint32_t>(100);
  for (std::size_t i = 0; i < file.size(); i += 4)
    std::reverse(file.begin() + static_cast<std::ptrdiff_t>(i),
                 file.begin() + static_cast<std::ptrdiff_t>(i + 4));
  const auto source = open_tokens(folder.write("x.bin", file));
  CHECK(source->description().starts_with("big-endian llama3 tokens"));
  CHECK(first_validation_row(*source) == std::vector<std::int32_t>{630, 637, 644, 651});
  DataConfig config{
      .format = "tokens", .path = {folder.path("x.bin")}, .token_type = TokenFileType::kUint16};
  CHECK_THROWS_AS(open_source(config, 4, 1), Error);
}

}  // namespace tokens_test
