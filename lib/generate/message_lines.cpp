#include "generate/message_lines.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace pipetrain {
namespace {

constexpr const char* kMessageNeededBy = "the next message";
constexpr std::int32_t kEnd = -1, kStillThere = -2;
// Places in a message's name that no group of sequences has: a conversation has one group.
constexpr int kLength = 1, kText = 2;

}  // namespace

bool MessageLines::wait_for_input() const {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  const double seconds = std::clamp(wait_seconds_ / 4, 0.1, 60.0);
  return poll(&input, 1, static_cast<int>(1000 * seconds)) != 0;
}

std::optional<std::string> MessageLines::read() {
  for (;;) {
    const std::size_t end = read_.find('\n');
    if (end != std::string::npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    if (at_end_) {
      if (read_.empty()) return std::nullopt;
      return std::exchange(read_, {});
    }
    if (!wait_for_input()) {
      send(kStillThere, {});
      continue;
    }
    std::array<char, 4096> bytes{};
    const ssize_t count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    at_end_ = count <= 0;
    if (count > 0) read_.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

void MessageLines::send(std::int32_t length, const std::string& line) {
  for (int rank = 1; rank < mailbox_.size(); ++rank) {
    Tensor number(pool_, {1}, DType::kInt32);
    number.i32()[0] = length;
    mailbox_.send({Channel::kControl, rank, rank, kLength, parity_}, std::move(number));
    if (length <= 0) continue;
    Tensor text(pool_, {(length + 3) / 4}, DType::kInt32);
    std::memcpy(text.data(), line.data(), line.size());
    mailbox_.send({Channel::kControl, rank, rank, kText, parity_}, std::move(text));
  }
  mailbox_.flush();
  parity_ = 1 - parity_;
}

std::optional<std::string> MessageLines::next() {
  if (mailbox_.rank() == 0) {
    std::optional<std::string> line = read();
    send(line ? static_cast<std::int32_t>(line->size()) : kEnd, line.value_or(""));
    return line;
  }
  const auto receive = [&](int what, std::int64_t count) {
    const Message message{Channel::kControl, 0, mailbox_.rank(), what, parity_};
    mailbox_.post_receive(message, {count}, DType::kInt32);
    return mailbox_.take(message, kMessageNeededBy);
  };
  for (;;) {
    const std::int32_t length = receive(kLength, 1).i32()[0];
    std::string line;
    if (length > 0) {
      const Tensor text = receive(kText, (length + 3) / 4);
      line.assign(static_cast<const char*>(text.data()), static_cast<std::size_t>(length));
    }
    parity_ = 1 - parity_;
    if (length == kEnd) return std::nullopt;
    if (length >= 0) return line;
  }
}

}  // namespace pipetrain
