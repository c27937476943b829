#include "comm/mpi/launch.h"

#include <cstdlib>
#include <map>
#include <string>

#include "catch.h"

using namespace pipetrain;

namespace {

constexpr const char* kVariables[] = {"OMPI_COMM_WORLD_SIZE",
                                      "OMPI_COMM_WORLD_RANK",
                                      "OMPI_COMM_WORLD_LOCAL_SIZE",
                                      "PMI_SIZE",
                                      "PMI_RANK",
                                      "PMI_FD",
                                      "PMIX_NAMESPACE",
                                      "PMIX_RANK",
                                      "SLURM_NTASKS",
                                      "SLURM_STEP_NUM_TASKS",
                                      "SLURM_PROCID",
                                      "SLURM_STEP_NUM_NODES",
                                      "OMPI_MCA_pml_ob1_send_pipeline_depth",
                                      "OMPI_MCA_ess_singleton_isolated",
                                      "OMPI_MCA_orte_create_session_dirs",
                                      "OMPI_MCA_btl_tcp_disable_family",
                                      "MPIR_CVAR_SUPPRESS_ABORT_MESSAGE"};

using Variables = std::map<std::string, std::string>;

// An environment in which only these variables of launchers are set; as it was afterwards.
class Environment {
 public:
  explicit Environment(const Variables& set) {
    for (const char* name : kVariables) {
      if (const char* value = std::getenv(name)) before_[name] = value;
      unsetenv(name);
    }
    for (const auto& [name, value] : set) setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const char* name : kVariables) unsetenv(name);
    for (const auto& [name, value] : before_) setenv(name.c_str(), value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  static std::string value(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  }

 private:
  Variables before_;
};

}  // namespace

TEST_CASE("A process that no launcher has started with others is alone") {
  for (const Variables& set : {Variables{},
                               {{"OMPI_COMM_WORLD_SIZE", "1"}, {"OMPI_COMM_WORLD_RANK", "0"}},
                               {{"PMI_SIZE", "1"}},
                               {{"SLURM_STEP_NUM_TASKS", "1"}},
                               {{"SLURM_STEP_NUM_TASKS", "many"}},
                               // mpirun within a step of several tasks has started this one alone.
                               {{"OMPI_COMM_WORLD_SIZE", "1"}, {"SLURM_STEP_NUM_TASKS", "4"}}}) {
    const Environment environment(set);
    CHECK(!launched_tasks());
  }
}

TEST_CASE("Tasks of a launcher are counted, and what is wrong if they are separate worlds") {
  const Environment environment(
      Variables{{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "3"}});
  const auto tasks = launched_tasks();
  REQUIRE(tasks);
  CHECK(tasks->task == 3);
  CHECK(!tasks->surely_separate);
  CHECK(contains(tasks->if_separate,
                 "4 tasks were started together (OMPI_COMM_WORLD_SIZE), but each is a world of its "
                 "own",
                 "mpirun -np 4 pipetrain ..."));
}

TEST_CASE("Another MPI's launcher is named by its variable") {
  const Environment environment(Variables{{"PMI_SIZE", "2"}, {"PMI_RANK", "1"}});
  const auto tasks = launched_tasks();
  REQUIRE(tasks);
  CHECK(tasks->task == 1);
  CHECK(contains(tasks->if_separate, "2 tasks were started together (PMI_SIZE)"));
}

TEST_CASE("srun's tasks find each other through PMIx, or surely do not") {
  const Variables step = {{"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_PROCID", "2"}};
  auto with_pmix = step;
  with_pmix["PMIX_RANK"] = "2";
  for (const auto& set : {step, with_pmix}) {
    const Environment environment(set);
    const auto tasks = launched_tasks();
    REQUIRE(tasks);
    CHECK(tasks->task == 2);
    CHECK(contains(tasks->if_separate, "srun started 4 tasks", " -n 4 pipetrain",
                   open_mpi_release() > 0 ? "srun --mpi=pmix" : "srun --mpi=pmi2"));
    if (set.size() == 3) CHECK(!tasks->surely_separate);
  }
}

TEST_CASE("A process alone in a job of several tasks is told so, unless a launcher started it") {
  {
    const Environment environment(Variables{{"SLURM_NTASKS", "4"}});
    CHECK(contains(tasks_not_started(), "the job has 4 tasks (SLURM_NTASKS)", " -n 4 pipetrain",
                   "mpirun -np 4 pipetrain ..."));
  }
  for (const Variables& set :
       {Variables{},
        {{"SLURM_NTASKS", "1"}},
        {{"SLURM_NTASKS", "4"}, {"OMPI_COMM_WORLD_SIZE", "1"}},
        {{"SLURM_NTASKS", "4"}, {"PMI_SIZE", "1"}},
        {{"SLURM_NTASKS", "4"}, {"SLURM_STEP_NUM_TASKS", "1"}, {"PMIX_RANK", "0"}}}) {
    const Environment environment(set);
    CHECK(tasks_not_started().empty());
  }
}

TEST_CASE("A library's name is short, however it says it") {
  CHECK(mpi_name("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4") == "Open MPI v4.1.4");
  CHECK(mpi_name("MPICH Version:      4.0.2\nMPICH Release date: Thu Apr  7") == "MPICH 4.0.2");
  CHECK(mpi_name("Intel(R) MPI Library 2021.11 for Linux* OS\n") ==
        "Intel(R) MPI Library 2021.11 for Linux* OS");
  CHECK(
      mpi_name("MPI VERSION    : CRAY MPICH version 8.1.25.17 (ANL base 3.4a2)\nMPI BUILD INFO") ==
      "MPI CRAY MPICH version 8.1.25.17 (ANL base 3.4a2)");
  CHECK(mpi_name("MVAPICH2 Version      :\t2.3.7\n") == "MVAPICH2 2.3.7");
}

TEST_CASE("Open MPI's release is the number behind its name") {
  CHECK(open_mpi_release("Open MPI v4.1.4") == 4);
  CHECK(open_mpi_release("Open MPI v10.0.0rc2") == 10);
  CHECK(open_mpi_release("MPICH 4.0.2") == 0);
  CHECK(open_mpi_release("MVAPICH2 2.3.7") == 0);
}

TEST_CASE("What the user tells Open MPI stays") {
  const Environment environment(Variables{{"OMPI_MCA_pml_ob1_send_pipeline_depth", "7"}});
  prepare_launch();
  CHECK(Environment::value("OMPI_MCA_pml_ob1_send_pipeline_depth") == "7");
}

TEST_CASE("MPICH is told not to repeat an error in its own words, if its launcher can do without") {
  const Environment environment(Variables{});
  prepare_launch();
  const bool told = open_mpi_release() == 0 && reads_end_without_text(mpi_library());
  CHECK(Environment::value("MPIR_CVAR_SUPPRESS_ABORT_MESSAGE") == (told ? "1" : ""));
  for (const char* library : {"MPICH 3.4.3", "MPICH 4.0.2", "Intel(R) MPI Library 2021.13"}) {
    CHECK(reads_end_without_text(library));
  }
  for (const char* library : {"MPICH 4.1", "MPICH 4.2.1", "MPICH 5.0.0"}) {
    CHECK(!reads_end_without_text(library));
  }
}

TEST_CASE("Open MPI starts no helper for a process alone; where a launcher is, it is left alone") {
  std::string alone, launched;
  {
    const Environment environment(Variables{});
    prepare_launch();
    alone = Environment::value("OMPI_MCA_ess_singleton_isolated");
    if (Environment::value("OMPI_MCA_pml_ob1_send_pipeline_depth").empty()) return;  // another MPI
  }
  const Environment environment(Variables{{"PMIX_RANK", "0"}});
  prepare_launch();
  launched = Environment::value("OMPI_MCA_ess_singleton_isolated");
  CHECK(alone == "1");
  CHECK(launched.empty());
}
