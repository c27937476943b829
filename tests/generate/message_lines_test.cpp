#include "generate/message_lines.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"

using namespace pipetrain;

namespace {

// Standard input from here on: a pipe, whose other end this is.
class Input {
 public:
  Input() : before_(dup(STDIN_FILENO)) {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    REQUIRE(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    close(ends[0]);
    end_ = ends[1];
  }
  ~Input() {
    dup2(before_, STDIN_FILENO);
    close(before_);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  void write(const std::string& text) const {
    REQUIRE(::write(end_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void finish() const { close(end_); }

 private:
  int before_, end_ = -1;
};

}  // namespace

TEST_CASE("All ranks get the lines of standard input, however long a person takes") {
  const Input input;
  constexpr int kRanks = 3;
  InProcess world(kRanks, {.timeout_seconds = 0.4});
  std::vector<std::vector<std::string>> lines(kRanks);
  std::thread person([&] {
    input.write("one\n\nthr");
    std::this_thread::sleep_for(std::chrono::milliseconds(900));  // longer than ranks wait
    input.write("ee\r\nfour");
    input.finish();
  });
  world.run([&](int rank) {
    MemoryPool pool;
    const auto mailbox = world.mailbox(rank, pool);
    MessageLines messages(*mailbox, pool, 0.4);
    while (const std::optional<std::string> line = messages.next()) {
      lines[static_cast<std::size_t>(rank)].push_back(*line);
    }
  });
  person.join();
  for (const auto& got : lines) CHECK(got == std::vector<std::string>{"one", "", "three", "four"});
}
