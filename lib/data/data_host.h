// What a machine gives to those who open data: cores, and a terminal to show progress on. It must
// not know data.
#pragma once

#include "base/processors.h"

namespace pipetrain {

struct DataHost {
  // What threads may run on while data are opened, as other ranks of this host wait; empty: what
  // the calling thread may.
  ProcessorSet processors = {};
  bool progress = false;  // a bar, where there is a terminal
};

// While it lives, threads that are started run on the host's processors.
class OnHost {
 public:
  explicit OnHost(const DataHost& host) : own_(own_processors()) {
    if (host.processors.count() > 0) run_on(host.processors);
  }
  ~OnHost() { run_on(own_); }
  OnHost(const OnHost&) = delete;
  OnHost& operator=(const OnHost&) = delete;

 private:
  ProcessorSet own_;
};

}  // namespace pipetrain
