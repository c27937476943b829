// How an error of some ranks becomes one line on standard error, from one rank, and the exit code
// of the whole job. It must not know what went wrong.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "comm/agree.h"
#include "comm/mpi/mpi_collective.h"
#include "comm/mpi/session.h"
#include "tensor/memory.h"

namespace pipetrain {

class ErrorReport {
 public:
  explicit ErrorReport(const MpiSession& session);

  // What all ranks talk through, at first without knowing how long they may wait for each other.
  Collective& world() { return world_; }
  void limit_waits(double seconds) { world_.limit_waits(seconds); }
  // As agree(world(), work). If it went wrong, the lowest rank that failed prints its error, and
  // all leave run_and_report with that rank's code.
  void agree(const std::function<void()>& work) { pipetrain::agree(world_, work); }

  // All ranks call it once the run directory exists. From then on the file, which all hosts see,
  // decides which rank prints; it is left there and says how the run ended. Without it, that is
  // decided on each host by itself; so it is where `in_place` says that the run directory is gone,
  // or another run's.
  void use_file(const std::filesystem::path& file, std::function<bool()> in_place);

  // Called by the rank that prints, once it has, before the job ends: with the exit code and what
  // was said. What it throws is a warning.
  using AfterFailure = std::function<void(int code, const std::string& text)>;
  void after_failure(AfterFailure act) { after_failure_ = std::move(act); }
  void told(int code, const std::string& text) const;

  // A rank failed while others go on: one of those that fail prints, and the job is aborted.
  [[noreturn]] void abort(int code, const std::string& text);

 private:
  int claim();  // the file that decides; -1 where another rank has it

  const MpiSession& session_;
  MemoryPool pool_;
  MpiCollective world_;
  std::filesystem::path file_, file_of_host_;
  bool keep_file_ = false;
  std::function<bool()> in_place_ = [] { return true; };
  AfterFailure after_failure_;
};

// What main() returns: body's own code, or that of its error after it was reported. Inside agree()
// errors end all ranks in good order; elsewhere they abort the job.
int run_and_report(const MpiSession& session, const std::function<int(ErrorReport&)>& body);

// The same for a command that runs alone, without MPI.
int run_and_report(const std::function<int()>& body);

}  // namespace pipetrain
