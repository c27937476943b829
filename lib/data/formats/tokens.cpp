// Token files. Those of `pipetrain tokenize` are data/documents/corpus_file.h. llm.c
// (dev/data/data_common.py) begins with 256 int32: magic, version, number of tokens; nanoGPT
// (data/*/prepare.py) writes bare uint16. A file is taken for bare tokens unless it begins like
// something else. The vocabulary is that of the header's tokenizer, or one more than the largest
// token.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/data_file.h"
#include "data/data_files.h"
#include "data/documents/corpus_file.h"
#include "data/formats/corpus.h"
#include "data/formats/documents.h"
#include "data/formats/formats.h"
#include "data/formats/token_source.h"
#include "data/formats/token_type.h"

namespace pipetrain {
namespace {

struct Format {
  const char* tokenizer;
  std::int32_t magic, version;
  int width;       // bytes per token
  int vocabulary;  // of the tokenizer
};

constexpr std::size_t kHeaderBytes = 1024;
constexpr std::array<Format, 2> kTokenFormats = {
    {{"gpt2", 20240520, 1, 2, 50257}, {"llama3", 20240801, 7, 4, 128256}}};

std::int32_t word_at(const DataFile& file, std::size_t index, bool swapped) {
  std::uint32_t word = 0;
  if (file.size() >= 4 * (index + 1))
    file.read(4 * index, std::as_writable_bytes(std::span(&word, 1)));
  return static_cast<std::int32_t>(swapped ? __builtin_bswap32(word) : word);
}

// llm.c's magics are dates; as two uint16 such a word begins above GPT-2's last token, so bare
// tokens do not look like it.
bool looks_like_a_date(std::int32_t word) { return word >= 20240101 && word <= 20291231; }

// What the file's first words say, if they say anything.
struct Header {
  const Format* format = nullptr;
  bool swapped = false;  // big-endian
  friend bool operator==(const Header&, const Header&) = default;
};

void refuse_other_files(const DataFile& file) {
  for (const std::string_view other : {"\x93NUMPY", "\x1f\x8b\x08", "PK\x03\x04"}) {
    std::string start(std::min(file.size(), other.size()), '\0');
    file.read(0, std::as_writable_bytes(std::span(start)));
    if (start == other) {
      fail_data(file,
                "begins like a NumPy, gzip or zip file, expected bare tokens or llm.c's header");
    }
  }
}

Header header_of(const DataFile& file) {
  for (const bool swapped : {false, true}) {
    const std::int32_t magic = word_at(file, 0, swapped), version = word_at(file, 1, swapped);
    for (const Format& format : kTokenFormats) {
      if (magic != format.magic) continue;
      if (version != format.version) {
        fail_data(file, "version " + std::to_string(version) + " of magic " +
                            std::to_string(magic) + ", expected " + std::to_string(format.version));
      }
      return {&format, swapped};
    }
    if (looks_like_a_date(magic)) {
      fail_data(file, "magic " + std::to_string(magic) +
                          ", expected 20240520 (gpt2) or 20240801 (llama3)");
    }
  }
  refuse_other_files(file);
  return {};
}

void append_with_header(Corpus& corpus, DataFile file, const Header& header) {
  const std::size_t size = file.size();
  const int width = header.format->width;
  if (size < kHeaderBytes) fail_data(file, "ends inside its header of 1024 bytes");
  const std::int64_t count = word_at(file, 2, header.swapped);
  const std::int64_t held = static_cast<std::int64_t>(size - kHeaderBytes) / width;
  if (count <= 0 ||
      size - kHeaderBytes != static_cast<std::size_t>(count) * static_cast<std::size_t>(width)) {
    fail_data(file, "its header promises " + std::to_string(count) + " tokens, the file of " +
                        std::to_string(size) + " bytes holds " + std::to_string(held));
  }
  corpus.append(std::move(file), kHeaderBytes, width, count, header.swapped);
}

void append_bare(Corpus& corpus, DataFile file, const TokenType& type) {
  const std::size_t size = file.size(), width = static_cast<std::size_t>(type.width);
  if (size % width != 0) {
    fail_data(file, "has " + std::to_string(size) + " bytes, expected " +
                        (type.width == 2 ? "an even number" : "a multiple of four") + " (" +
                        type.text() + " tokens)");
  }
  corpus.append(std::move(file), 0, type.width, static_cast<std::int64_t>(size / width),
                type.swapped);
}

TokenGuess guess_of(const DataFile& file) {
  constexpr std::size_t kLooksAt = std::size_t{1} << 20;
  std::vector<std::byte> start(std::min(file.size(), kLooksAt));
  file.read(0, start);
  TokenGuess guess = guess_token_type(start);
  const bool fits = file.size() % static_cast<std::size_t>(guess.type.width) == 0;
  return fits ? guess : TokenGuess{};
}

// As configured or, if nothing is, as the first file looks.
TokenType bare_type(const DataConfig& config, const std::vector<DataFile>& files,
                    Warnings& warnings) {
  if (config.token_type != TokenFileType::kAuto) {
    return {config.token_type == TokenFileType::kUint32 ? 4 : 2, false};
  }
  const TokenGuess first = guess_of(files.front());
  const std::string name = "data: " + files.front().path() + ": ";
  if (!first.sure) {
    warnings.push_back(name +
                       "its tokens are taken for uint16, nothing in them tells their type; set "
                       "data.token_type: uint16 or uint32");
  } else if (first.type.swapped) {
    warnings.push_back(name + "its tokens look like " + first.type.text() +
                       " and are read so; if they are not, set data.token_type");
  }
  for (const DataFile& file : files) {
    const TokenGuess guess = guess_of(file);
    if (!first.sure || !guess.sure || guess.type == first.type) continue;
    fail_data(file, "its tokens look like " + guess.type.text() +
                        ", those of the first file like " + first.type.text() +
                        "; set data.token_type if they are of one type");
  }
  return first.type;
}

Corpus bare_corpus(const DataConfig& config, DataFiles opened, Warnings& warnings) {
  const TokenType type = bare_type(config, opened.files, warnings);
  Corpus corpus(type.text() + " tokens", {{"type", "tokens"}});
  for (std::size_t i = 0; i < opened.files.size(); ++i) {
    append_bare(corpus, std::move(opened.files[i]), type);
    if (i + 1 == opened.training) corpus.end_path();
  }
  return corpus;
}

Corpus corpus_with_headers(const DataConfig& config, DataFiles opened, const Header& header) {
  const Format& format = *header.format;
  const std::string name = format.tokenizer;
  const TokenType type{format.width, header.swapped};
  const std::string configured = name_of(kTokenFileTypes, config.token_type);
  if (config.token_type != TokenFileType::kAuto && configured != TokenType{format.width}.text()) {
    fail_data(opened.files.front(), "its header says " + type.text() +
                                        " tokens, data.token_type says " + configured +
                                        "; leave that out");
  }
  Corpus corpus((header.swapped ? "big-endian " : "") + name + " tokens", {{"type", name}});
  for (std::size_t i = 0; i < opened.files.size(); ++i) {
    append_with_header(corpus, std::move(opened.files[i]), header);
    if (i + 1 == opened.training) corpus.end_path();
  }
  corpus.set_vocabulary(format.vocabulary);
  return corpus;
}

// The tokenizer of the configuration must be the files' own.
nlohmann::json tokenizer_of(const DataRequest& request, const CorpusTokens& kind,
                            const std::string& path) {
  if (request.config.tokenizer_path.empty()) {
    return {{"type", "tokens"}, {"digest", kind.tokenizer}};
  }
  NamedTokenizer named = named_tokenizer(request.config);
  if (named.tokenizer->digest() != kind.tokenizer) {
    throw Error(ExitCode::kData,
                "data: " + path + ": its tokens are of another tokenizer (digest " +
                    kind.tokenizer + ") than data.tokenizer " + request.config.tokenizer_path +
                    " (" + named.tokenizer->digest() +
                    "); name the one that made them, or tokenize the text again");
  }
  return std::move(named.json);
}

Corpus documented_corpus(const DataRequest& request, DataFiles opened) {
  std::vector<CorpusFile> files;
  files.reserve(opened.files.size());
  for (DataFile& file : opened.files) files.emplace_back(std::move(file));
  const CorpusTokens kind = files.front().kind();
  for (const CorpusFile& file : files) {
    if (file.kind() == kind) continue;
    throw Error(ExitCode::kData, "data: " + file.path() +
                                     ": is of another tokenizer than the first file (digest " +
                                     file.kind().tokenizer + ", expected " + kind.tokenizer + ")");
  }
  require_vocabulary(request, kind.vocabulary);
  Corpus corpus("documents", tokenizer_of(request, kind, files.front().path()));
  for (std::size_t i = 0; i < files.size(); ++i) {
    corpus.append(std::move(files[i]));
    if (i + 1 == opened.training) corpus.end_path();
  }
  corpus.set_vocabulary(static_cast<int>(kind.vocabulary));
  corpus.set_checked();
  return corpus;
}

Corpus read_tokens(const DataRequest& request) {
  const DataConfig& config = request.config;
  Warnings& warnings = request.warnings;
  DataFiles opened = open_files(config);
  warn_of_same_content(contents_of(opened.files), warnings);
  if (is_corpus_file(opened.files.front())) return documented_corpus(request, std::move(opened));
  const Header header = header_of(opened.files.front());
  for (const DataFile& file : opened.files) {
    if (!(header_of(file) == header)) fail_data(file, "is of another format than the first file");
  }
  if (header.format == nullptr) return bare_corpus(config, std::move(opened), warnings);
  return corpus_with_headers(config, std::move(opened), header);
}

}  // namespace

std::unique_ptr<Source> open_tokens(const DataRequest& request) {
  return token_source(read_tokens(request), request);
}

}  // namespace pipetrain
