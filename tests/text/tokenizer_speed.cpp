// How fast a tokenizer is: TOKENIZER FILE THREADS [SECONDS]. Cuts the file into documents of about
// 10 kB at lines' ends, which the threads take in turn, again and again, and prints megabytes a
// second and the number of tokens. scripts/tokenizer_speed.py compares it with the library
// `tokenizers`.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "text/subwords/load_tokenizer.h"

using namespace pipetrain;

namespace {

std::vector<std::string_view> documents_of(std::string_view text) {
  constexpr std::size_t kBytes = 10'000;
  std::vector<std::string_view> documents;
  while (!text.empty()) {
    const std::size_t line = text.size() > kBytes ? text.find('\n', kBytes) : text.size();
    const std::size_t end = line >= text.size() ? text.size() : line + 1;
    documents.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return documents;
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const auto tokenizer = load_tokenizer(argv[1]).tokenizer;
  std::ifstream file(argv[2], std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::vector<std::string_view> documents = documents_of(text);
  const double wanted = argc > 4 ? std::atof(argv[4]) : 2;
  double best = 0;
  std::uint64_t tokens = 0;
  const double start = seconds_now();
  do {
    std::atomic<std::size_t> next = 0;
    std::atomic<std::uint64_t> count = 0;
    std::vector<std::thread> threads;
    const double begin = seconds_now();
    for (int i = 0; i < std::atoi(argv[3]); ++i) {
      threads.emplace_back([&] {
        std::vector<std::int32_t> ids;
        for (std::size_t at = next++; at < documents.size(); at = next++) {
          ids.clear();
          tokenizer->encode(documents[at], SpecialTokens::kNone, ids);
          count += ids.size();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    best = std::max(best, static_cast<double>(text.size()) / (seconds_now() - begin) / 1e6);
    tokens = count;
  } while (seconds_now() - start < wanted);
  std::printf("%.1f MB/s, %llu tokens\n", best, static_cast<unsigned long long>(tokens));
}
