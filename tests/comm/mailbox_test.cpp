#include "comm/mailbox.h"

#include <set>
#include <string>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("A message's text names channel, stage, microbatch and peer") {
  CHECK(text_of(Message{Channel::kGradient, 1, 2, 5, 0}) ==
        "gradient for stage 2, microbatch 5, peer 1");
}

TEST_CASE("Each channel has a name of its own") {
  std::set<std::string> names;
  for (int channel = 0; channel < kChannels; ++channel) {
    names.insert(name_of(static_cast<Channel>(channel)));
  }
  CHECK(names.size() == kChannels);
  CHECK(names.count("") == 0);
}
