#include "doctor/checkup.h"

namespace pipetrain {

nlohmann::ordered_json json_of(const Checkup& rank) {
  return {{"host", rank.host},
          {"processor", rank.processor},
          {"instructions", rank.instructions},
          {"mpi", rank.mpi},
          {"cores", rank.cores},
          {"sharing", rank.sharing},
          {"threads", rank.threads},
          {"host_cores", rank.host_cores},
          {"quota", rank.quota},
          {"free_memory_bytes", rank.free_memory_bytes},
          {"open_files", rank.open_files},
          {"locked_memory_bytes", rank.locked_memory_bytes},
          {"sees_directory", rank.sees_directory},
          {"directory_problem", rank.directory_problem},
          {"product_flops", rank.product_flops},
          {"processor_share", rank.processor_share},
          {"bandwidth", rank.bandwidth},
          {"clock_ahead_seconds", rank.clock_ahead_seconds},
          {"next_latency_seconds", rank.next.latency_seconds},
          {"next_bytes_per_second", rank.next.bytes_per_second}};
}

Checkup checkup_of(const nlohmann::json& json) {
  return {.host = json.at("host"),
          .processor = json.at("processor"),
          .instructions = json.at("instructions"),
          .mpi = json.at("mpi"),
          .cores = json.at("cores"),
          .sharing = json.at("sharing"),
          .threads = json.at("threads"),
          .host_cores = json.at("host_cores"),
          .quota = json.at("quota"),
          .free_memory_bytes = json.at("free_memory_bytes"),
          .open_files = json.at("open_files"),
          .locked_memory_bytes = json.at("locked_memory_bytes"),
          .sees_directory = json.at("sees_directory"),
          .directory_problem = json.at("directory_problem"),
          .product_flops = json.at("product_flops"),
          .processor_share = json.at("processor_share"),
          .bandwidth = json.at("bandwidth"),
          .clock_ahead_seconds = json.at("clock_ahead_seconds"),
          .next = {.latency_seconds = json.at("next_latency_seconds"),
                   .bytes_per_second = json.at("next_bytes_per_second")}};
}

}  // namespace pipetrain
