
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/formats/formats.h"
#include "data/temporary_folder.h"
#include "text/tokenizer_kind.h"

using namespace pipetrain;

namespace text_test {

namespace {

struct Batch {
  Batch(std::int64_t rows, const Source& source)
      : inputs_data(static_cast<std::size_t>(rows * source.input_shape()[0])),
        targets_data(inputs_data),
        inputs(Tensor::view(inputs_data.data(), {rows, source.input_shape()[0]}, DType::kInt32)),
        targets(
            Tensor::view(targets_data.data(), {rows, source.target_shape()[0]}, DType::kInt32)) {}
  std::vector<std::int32_t> inputs_data, targets_data;
  Tensor inputs, targets;
};

Batch training(const Source& source, std::int64_t step, std::int64_t first_row, std::int64_t rows) {
  Batch batch(rows, source);
  source.read_training(step, first_row, batch.inputs, batch.targets);
  return batch;
}

Batch validation(const Source& source, std::int64_t first_row, std::int64_t rows) {
  Batch batch(rows, source);
  source.read_validation(first_row, batch.inputs, batch.targets);
  return batch;
}

std::unique_ptr<Source> open_text(const std::vector<std::string>& paths,
                                  TokenizerKind tokenizer = TokenizerKind::kCharacters,
                                  int length = 4, int vocabulary = 0) {
  return open_source({.path = paths, .tokenizer = tokenizer}, length, 1, vocabulary);
}

std::string error_of(const DataConfig& config, int length = 4, int vocabulary = 0) {
  try {
    open_source(config, length, 1, vocabulary);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kData);
    const std::string message = error.what();
    CHECK(message.find('\n') == std::string::npos);
    return message;
  }
  return "no error";
}

std::string letters(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += static_cast<char>('a' + i % 26);
  return text;
}

}  // namespace

TEST_CASE("Characters are tokens in the order of their code points, over all the text") {
  const TemporaryFolder folder;
  std::string text = letters(60);
  text.back() = ' ';  // only in the validation part
  const auto source = open_text({folder.write("a.txt", text)});
  CHECK(source->vocabulary() == 27);
  CHECK(source->tokenizer()["type"] == "char");
  CHECK(source->tokenizer()["vocabulary"].at(0) == " ");
  CHECK(source->tokenizer()["vocabulary"].at(26) == "z");
  CHECK(source->validation_rows() == 1);
  const Batch batch =
      validation(*source, 0, 1);  // tokens 54..58: 'c' to 'g', after 54 = 2 * 26 + 2
  CHECK(batch.inputs_data == std::vector<std::int32_t>{3, 4, 5, 6});
  CHECK(batch.targets_data == std::vector<std::int32_t>{4, 5, 6, 7});
}

TEST_CASE("Unicode characters are one token each, and bytes that are not UTF-8 stay bytes") {
  const TemporaryFolder folder;
  // a, e acute, euro sign, an emoji, a lone continuation byte, an overlong slash, a cut sequence at
  // the end
  const std::string unit = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x80\xC0\xAF";
  const std::string text =
      unit + unit + unit + unit + unit + unit + "\xE2\x82";  // 44 tokens, 5 validate
  const auto source = open_text({folder.write("u.txt", text)}, TokenizerKind::kCharacters, 4);
  const nlohmann::json expected = {
      "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", 0x80, 0x82, 0xAF, 0xC0, 0xE2};
  CHECK(source->tokenizer()["vocabulary"] == expected);
  CHECK(source->vocabulary() == 9);
  const Batch last = validation(*source, 0, 1);
  CHECK(last.inputs_data == std::vector<std::int32_t>{4, 7, 6, 8});
  CHECK(last.targets_data == std::vector<std::int32_t>{7, 6, 8, 5});
}

TEST_CASE("Bytes are 256 tokens, read in place") {
  const TemporaryFolder folder;
  const auto source =
      open_text({folder.write("b.bin", "\xFF\xFE" + letters(98))}, TokenizerKind::kBytes);
  CHECK(source->vocabulary() == 256);
  CHECK(validation(*source, 1, 1).inputs_data ==
        std::vector<std::int32_t>{'a' + 14, 'a' + 15, 'a' + 16, 'a' + 17});
}

TEST_CASE("Several files and globs are one text") {
  const TemporaryFolder folder;
  const std::string whole = folder.write("whole.dat", letters(60));
  folder.write("1.txt", letters(60).substr(0, 55));
  folder.write("2.txt", letters(60).substr(55, 1));
  folder.write("3.txt", letters(60).substr(56));
  const auto one = open_text({whole});
  const auto many = open_text({folder.path("*.txt")});
  const auto listed = open_text({folder.path("1.txt"), folder.path("[23].txt")});
  for (const auto* other : {&many, &listed}) {
    CHECK(validation(**other, 0, 1).targets_data == validation(*one, 0, 1).targets_data);
    CHECK(training(**other, 5, 0, 20).inputs_data == training(*one, 5, 0, 20).inputs_data);
  }
}

TEST_CASE("Text that cannot be used is named with the reason") {
  const TemporaryFolder folder;
  auto message = [&](const std::string& name, int length = 4, int vocabulary = 0) {
    const std::string text = error_of({.path = {folder.path(name)}}, length, vocabulary);
    const std::string start = "data: " + folder.path(name) + ": ";
    return text.starts_with(start) ? text.substr(start.size()) : text;
  };
  folder.write("empty.txt", "");
  folder.write("short.txt", letters(30));
  CHECK(message("missing.txt") == "No such file or directory");
  CHECK(message("*.none") == "no file matches");
  CHECK(message("empty.txt") == "is empty");
  CHECK(error_of({.path = {folder.path("")}}).find("is a directory, expected a file") !=
        std::string::npos);
  CHECK(error_of({.path = {"/dev/null"}}).find("is not a regular file") != std::string::npos);
  CHECK(message("short.txt", 27)
            .starts_with("the training part has 27 tokens, expected at least 28"));
  CHECK(
      message("short.txt", 3).starts_with("the validation part has 3 tokens, expected at least 4"));
  CHECK(message("short.txt", 2, 20)
            .starts_with("token 20 (byte 20) is 20, beyond the vocabulary of 20"));
}

TEST_CASE("A byte order mark is no character, UTF-16 is refused with the cure") {
  const TemporaryFolder folder;
  const std::string mark = "\xEF\xBB\xBF", plain = letters(60);
  const std::string one = folder.write("1.txt", mark + plain.substr(0, 30));
  const std::string two = folder.write("2.txt", mark + plain.substr(30));
  for (const TokenizerKind tokenizer : {TokenizerKind::kCharacters, TokenizerKind::kBytes}) {
    const auto source = open_text({one, two}, tokenizer);
    CHECK(source->vocabulary() == (tokenizer == TokenizerKind::kCharacters ? 26 : 256));
    CHECK(validation(*source, 0, 1).inputs_data ==
          validation(*open_text({folder.write("x", plain)}, tokenizer), 0, 1).inputs_data);
  }
  std::string words, wide = "\xFF\xFE";
  for (int i = 0; i < 40; ++i) words += "one two ";
  for (const char c : words) wide += {c, '\0'};
  CHECK(open_text({folder.write("words", mark + words)}, TokenizerKind::kWords)->vocabulary() == 3);
  const std::string file = folder.write("wide", wide);
  const std::string refusal =
      "data: " + file + ": is UTF-16 text, expected UTF-8; convert it: iconv -f UTF-16 -t UTF-8 " +
      file + " > FILE";
  for (const TokenizerKind tokenizer : {TokenizerKind::kCharacters, TokenizerKind::kWords}) {
    CHECK(error_of({.path = {file}, .tokenizer = tokenizer}) == refusal);
    CHECK(
        contains(error_of({.path = {folder.write("bare", wide.substr(2))}, .tokenizer = tokenizer}),
                 "is UTF-16LE text"));
  }
}

}  // namespace text_test
