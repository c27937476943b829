#include "data/documents/corpus_cache.h"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json_text.h"
#include "data/data_file.h"
#include "text/digest.h"

namespace pipetrain {
namespace {

namespace fs = std::filesystem;

constexpr int kRecipe = 1;  // of how documents become tokens; another one makes all anew
constexpr std::size_t kMostSampledFiles = 1024;
constexpr std::size_t kWhole = std::size_t{1} << 16;  // bytes: smaller files are looked at whole
constexpr std::size_t kSamples = 16, kSampleBytes = 4096;

std::uint32_t sampled_checksum(const std::string& path) {
  const DataFile file(path);
  const bool whole = file.size() <= kWhole;
  std::vector<std::byte> bytes(whole ? file.size() : kSampleBytes);
  uLong sum = ::crc32_z(0, nullptr, 0);
  for (std::size_t i = 0; i < (whole ? 1 : kSamples); ++i) {
    file.read((file.size() - bytes.size()) / (kSamples - 1) * i, bytes);
    sum = ::crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  }
  return static_cast<std::uint32_t>(sum);
}

// All that the tokens depend on, as text.
std::string recipe_of(const TokenizeRequest& request, const Tokenizer& tokenizer) {
  const CorpusTokens kind = corpus_tokens_of(tokenizer);
  std::string recipe = std::to_string(kRecipe) + ' ' + kind.tokenizer + ' ' +
                       std::to_string(kind.vocabulary) + ' ' + std::to_string(kind.end_of_text) +
                       (request.on_bad_document == OnBadDocument::kSkip ? " skip " : " stop ") +
                       request.field + '\n';
  const std::size_t stride = request.files.size() / kMostSampledFiles + 1;
  for (std::size_t i = 0; i < request.files.size(); ++i) {
    const DocumentFile& file = request.files[i];
    struct stat info = {};
    if (::stat(file.path.c_str(), &info) != 0) {
      throw Error(ExitCode::kData, "data: " + system_reason(file.path));
    }
    const bool sampled = i % stride == 0 && info.st_size > 0;
    recipe += std::to_string(info.st_size) + ' ' + std::to_string(info.st_mtim.tv_sec) + '.' +
              std::to_string(info.st_mtim.tv_nsec) + (file.lines ? " lines " : " text ") +
              std::to_string(sampled ? sampled_checksum(file.path) : 0) + '\n';
  }
  return recipe;
}

std::string note_of(const std::string& recipe, const TokenizeRequest& request,
                    const TokenizedCounts& counts) {
  return nlohmann::json{{"made_of", request.files.front().path},
                        {"files", request.files.size()},
                        {"recipe", digest_of("again " + recipe)},
                        {"empty", counts.empty},
                        {"skipped", counts.skipped},
                        {"first_skipped", counts.first_skipped}}
      .dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
}

// Nothing if there is none, or what is there is not whole or is made of something else.
std::optional<CachedCorpus> find_corpus(const std::string& path, const std::string& recipe) {
  std::error_code unknown;
  if (!fs::exists(path, unknown)) return std::nullopt;
  try {
    CorpusFile file{DataFile(path)};
    const auto note = parsed_json(file.note());
    if (!note.is_object() || note.value("recipe", "") != digest_of("again " + recipe)) return {};
    TokenizedCounts counts{.documents = file.documents(),
                           .tokens = file.tokens(),
                           .empty = note.value("empty", std::int64_t{0}),
                           .skipped = note.value("skipped", std::int64_t{0}),
                           .first_skipped = note.value("first_skipped", "")};
    return CachedCorpus{std::move(file), std::move(counts)};
  } catch (const Error&) {
    return std::nullopt;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return;
  throw Error(ExitCode::kData, "data: " + folder + ": " + error.message() +
                                   "; set data.cache to a folder that can be written");
}

}  // namespace

std::string default_cache_folder() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string cache = variable("XDG_CACHE_HOME"); cache.starts_with('/')) {
    return cache + "/pipetrain";
  }
  if (const std::string home = variable("HOME"); !home.empty()) return home + "/.cache/pipetrain";
  throw Error(ExitCode::kConfiguration,
              "data.cache: neither it nor HOME says where tokenized text is kept; set one of them");
}

CachedCorpus cached_corpus(const TokenizeRequest& request, const Tokenizer& tokenizer,
                           const std::string& folder) {
  const std::string recipe = recipe_of(request, tokenizer);
  const std::string path = folder + "/" + digest_of(recipe) + ".bin";
  if (auto found = find_corpus(path, recipe)) return *std::move(found);
  make_folder(folder);
  CorpusWriter writer(path, corpus_tokens_of(tokenizer), [&] { return !request.stopped(); });
  if (auto found = find_corpus(path, recipe))
    return *std::move(found);  // of whom this one waited for
  const TokenizedCounts counts = tokenize_documents(request, tokenizer, writer);
  if (recipe_of(request, tokenizer) != recipe) {
    throw Error(ExitCode::kData,
                "data: " + request.files.front().path +
                    (request.files.size() > 1 ? " or another file" : "") +
                    ": was changed while it was tokenized; start again when nobody writes it");
  }
  writer.finish(note_of(recipe, request, counts));
  return {CorpusFile(DataFile(path)), counts};
}

}  // namespace pipetrain
