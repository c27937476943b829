// A person's messages: lines of standard input, which rank 0 reads and all ranks get. It must not
// know what they are for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "comm/mailbox.h"

namespace pipetrain {

class MessageLines {
 public:
  // A person may take longer than ranks wait for each other (`wait_seconds`): meanwhile rank 0
  // tells the others that it is there.
  MessageLines(Mailbox& mailbox, MemoryPool& pool, double wait_seconds)
      : mailbox_(mailbox), pool_(pool), wait_seconds_(wait_seconds) {}

  // All ranks call it. The next line without its end; nothing at the input's end.
  std::optional<std::string> next();

 private:
  std::optional<std::string> read();
  void send(std::int32_t length, const std::string& line);
  bool wait_for_input() const;

  Mailbox& mailbox_;
  MemoryPool& pool_;
  double wait_seconds_;
  int parity_ = 0;
  std::string read_;  // what follows the last line
  bool at_end_ = false;
};

}  // namespace pipetrain
