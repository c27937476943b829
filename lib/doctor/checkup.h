// What one rank of a cluster is and does: its host, its cores, its libraries, its rates. Plain
// data, and the same as JSON, by which rank 0 hears of it. It must not know how any of it is
// measured nor what is good.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace pipetrain {

// To the next rank, there and back halved.
struct LinkRates {
  double latency_seconds = 0;   // of 8 bytes; 0: this is the last rank
  double bytes_per_second = 0;  // of 4 MiB
};

struct Checkup {
  std::string host;
  std::string processor;                    // "AMD EPYC 9354"; empty: the system does not say
  std::string instructions;                 // instruction_set_description()
  std::string mpi;                          // "Open MPI v4.1.4"
  int cores = 1, sharing = 1, threads = 1;  // as RankPlace
  int host_cores = 1;                       // physical ones that are online, of all
  double quota = 0;                         // in cores; 0: none
  std::int64_t free_memory_bytes = 0;       // of the host or the control group; 0: not known
  std::int64_t open_files = 0;              // a process may have; -1: any number
  std::int64_t locked_memory_bytes = 0;     // a process may have; -1: any number
  bool sees_directory = false;              // what rank 0 has written there
  std::string directory_problem;            // why rank 0 could not write there; empty: it could
  double product_flops = 0;                 // per second, float32, while all ranks compute
  double processor_share = 1;               // of its threads' time, that they had the processor
  double bandwidth = 0;                     // bytes per second, while all ranks move them
  double clock_ahead_seconds = 0;           // of rank 0's time of day
  LinkRates next;
};

nlohmann::ordered_json json_of(const Checkup& rank);
Checkup checkup_of(const nlohmann::json& json);

}  // namespace pipetrain
