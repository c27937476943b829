#include "comm/mpi/launch.h"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>

#include "base/number.h"
#include "base/output.h"

namespace pipetrain {

std::string mpi_library() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(text, &length);
  return mpi_name(std::string_view(text, static_cast<std::size_t>(length)));
}

// "Open MPI v4.1.4, package: ..."; "MPICH Version:      4.0.2" and more lines; "MPI VERSION    :
// CRAY MPICH version 8.1".
std::string mpi_name(std::string_view text) {
  std::istringstream words{std::string(text.substr(0, text.find_first_of(",\n")))};
  std::string name;
  for (std::string word; words >> word;) {
    if (word == ":" || word == "Version:" || word == "VERSION" || word == "Version") continue;
    name += (name.empty() ? "" : " ") + word;
  }
  return name;
}

int open_mpi_release(std::string_view library) {
  constexpr std::string_view kName = "Open MPI v";
  int release = 0;
  if (library.starts_with(kName)) {
    std::from_chars(library.data() + kName.size(), library.data() + library.size(), release);
  }
  return release;
}

bool reads_end_without_text(std::string_view library) {
  constexpr std::string_view kName = "MPICH ";
  if (!library.starts_with(kName)) return true;
  const char* const end = library.data() + library.size();
  int release = 0, minor = 0;
  const char* const point = std::from_chars(library.data() + kName.size(), end, release).ptr;
  if (point != end && *point == '.') std::from_chars(point + 1, end, minor);
  return release < 4 || (release == 4 && minor < 1);
}

namespace {

// A number of the environment; none if it is not set or no number.
std::optional<int> number(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return parse_number<int>(value);
}

bool all_tasks_on_this_host() {
  const auto tasks = number("OMPI_COMM_WORLD_SIZE");
  return (tasks && tasks == number("OMPI_COMM_WORLD_LOCAL_SIZE")) ||
         number("SLURM_STEP_NUM_NODES") == 1;
}

// Whether this host reaches others by IPv4: it has a route to everywhere.
bool has_ipv4_route() {
  std::ifstream routes("/proc/net/route");
  for (std::string line; std::getline(routes, line);) {
    std::istringstream words(line);
    std::string interface, destination;
    if (words >> interface >> destination && destination == "00000000") return true;
  }
  return false;
}

void tell_open_mpi(const char* parameter, const char* value) {
  setenv((std::string("OMPI_MCA_") + parameter).c_str(), value, /*overwrite=*/0);
}

std::string srun_line(int tasks) {
  return std::string("srun --mpi=") + (open_mpi_release() > 0 ? "pmix" : "pmi2") + " -n " +
         std::to_string(tasks) + " pipetrain ...";
}

}  // namespace

bool started_by_launcher() {
  constexpr std::array kSigns = {"PMIX_NAMESPACE", "PMIX_RANK", "PMI_RANK", "PMI_FD"};
  return std::ranges::any_of(kSigns, [](const char* name) { return std::getenv(name) != nullptr; });
}

void prepare_launch() {
  const int release = open_mpi_release();
  if (release == 0) {
    // MPICH and its kin: the error was said in one line, and ends the job.
    if (reads_end_without_text(mpi_library())) {
      setenv("MPIR_CVAR_SUPPRESS_ABORT_MESSAGE", "1", /*overwrite=*/0);
    }
    return;
  }
  // Where ranks of a host cannot read each other's memory, as in many containers, a large message
  // goes in pieces, by default three at each call of the sender: one that computes between its
  // polls needs a dozen of them for a megabyte. With this many at a time, one or two do.
  tell_open_mpi("pml_ob1_send_pipeline_depth", "64");
  // Open MPI tries every way to send, with the drivers of networks that are not there: 0.2 s of a
  // start. On one host this is the way that it finds.
  if (all_tasks_on_this_host()) tell_open_mpi("pml", "ob1");
  // Between hosts only the first 64 KB of a message leave before its receiver has answered. A rank
  // that computes answers, and reads answers, at its next polls, so the link lies idle meanwhile.
  // Receives are posted ahead, so this much may leave at once.
  if (!all_tasks_on_this_host()) {
    for (const char* limit :
         {"btl_tcp_eager_limit", "btl_tcp_rndv_eager_limit", "btl_tcp_max_send_size"}) {
      tell_open_mpi(limit, "4194304");
    }
  }
  if (!started_by_launcher()) {
    // A process alone starts a helper for ranks that it might spawn later, which may outlive it.
    tell_open_mpi("ess_singleton_isolated", "1");
    // Before release 5, all such processes of a user make, and remove, one and the same folder
    // below TMPDIR: two that start at once may fail. Nothing of theirs is in it.
    if (release < 5) tell_open_mpi("orte_create_session_dirs", "0");
  }
  // From release 5 on, each pair of ranks complains that an IPv4 address of one does not reach an
  // IPv6 address of the other. TCP can do without IPv6 where no other host takes part, and where
  // hosts have IPv4.
  if (release >= 5 && (all_tasks_on_this_host() || has_ipv4_route()))
    tell_open_mpi("btl_tcp_disable_family", "6");
}

std::string tasks_not_started() {
  const int tasks = number("SLURM_NTASKS").value_or(1);
  if (tasks <= 1 || number("OMPI_COMM_WORLD_SIZE") || number("PMI_SIZE") ||
      (number("SLURM_STEP_NUM_TASKS") && started_by_launcher())) {
    return {};
  }
  return "the job has " + std::to_string(tasks) +
         " tasks (SLURM_NTASKS), and this is one process on its own; to train on all of them, "
         "start it by " +
         srun_line(tasks) + " or mpirun -np " + std::to_string(tasks) + " pipetrain ...";
}

std::optional<LaunchedTasks> launched_tasks() {
  const std::string each = ", but each is a world of its own: ";
  const auto ranks_line = [](int tasks) {
    return "mpirun -np " + std::to_string(tasks) + " pipetrain ...";
  };
  // Launchers of MPIs stand nearer than Slurm, whose variables they pass on. If one of them has
  // started a single task, that is it.
  const auto mpirun = number("OMPI_COMM_WORLD_SIZE"), hydra = number("PMI_SIZE");
  if (mpirun || hydra) {
    const int tasks = mpirun && hydra ? std::min(*mpirun, *hydra) : mpirun ? *mpirun : *hydra;
    if (tasks <= 1) return std::nullopt;
    const char* count = mpirun ? "OMPI_COMM_WORLD_SIZE" : "PMI_SIZE";
    return LaunchedTasks{number(mpirun ? "OMPI_COMM_WORLD_RANK" : "PMI_RANK").value_or(0), false,
                         std::to_string(tasks) + " tasks were started together (" + count + ")" +
                             each + "the launcher is not that of " + mpi_library() +
                             ", which pipetrain was built with; use its own: " + ranks_line(tasks)};
  }
  const int tasks = number("SLURM_STEP_NUM_TASKS").value_or(1);
  if (tasks <= 1) return std::nullopt;
  return LaunchedTasks{number("SLURM_PROCID").value_or(0),
                       open_mpi_release() > 0 && !started_by_launcher(),
                       "srun started " + std::to_string(tasks) + " tasks (SLURM_STEP_NUM_TASKS)" +
                           each + "srun and " + mpi_library() + " did not find each other; use " +
                           srun_line(tasks) + " or " + ranks_line(tasks)};
}

void let_mpirun_forward() {
  constexpr std::chrono::milliseconds kEnough{100};
  const bool by_mpirun = std::getenv("PRTE_LAUNCHED") != nullptr;  // set from release 5 on
  if (by_mpirun) std::this_thread::sleep_for(kEnough);
}

void write_output_through_mpirun(std::string_view text) {
  let_mpirun_forward();
  write_output(text);
  let_mpirun_forward();
}

}  // namespace pipetrain
