// How this process was started: by a launcher as one of several tasks, or alone; and what MPI is
// told for that before it starts. It must not know what ranks do.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pipetrain {

// The library that runs here, as "Open MPI v4.1.4" or "MPICH 4.0.2". It may be asked before
// MPI_Init.
std::string mpi_library();
// The name in what a library says of itself: its first line, without what is said in columns.
std::string mpi_name(std::string_view text);
// Open MPI's release, from such a name; 0 if it is another MPI.
int open_mpi_release(std::string_view library = mpi_library());
// Whether the launcher of an MPI of that name can read that a rank ends the job where no text comes
// with it. From 4.1 on MPICH's mpiexec then gives up itself, and the exit code is lost (seen with
// 4.2.1; https://github.com/pmodels/mpich/issues/7415 is of the same lines).
bool reads_end_without_text(std::string_view library);

// Before MPI_Init. MPIs read the environment: what is set there by the user stays.
void prepare_launch();

// Whether a launcher has started this process, as one of several tasks or as the only one.
bool started_by_launcher();

// Tasks that a launcher has started together: if each of them is a world of its own, that is a
// mistake.
struct LaunchedTasks {
  int task;              // this one's number, from 0
  bool surely_separate;  // nothing is there by which Open MPI could find the others: its MPI_Init
                         // may fail
  std::string if_separate;  // the mistake, and what to do
};

// Before MPI_Init, which sets the same variables. None if this process was started alone, as far as
// they say.
std::optional<LaunchedTasks> launched_tasks();

// Where Slurm has given the job several tasks, but this process was started alone within it,
// without srun or mpirun: that, and what to do. Empty: it is not so.
std::string tasks_not_started();

// Between standard output and standard error. From release 5 on, Open MPI's mpirun loses a line
// that it has forwarded in part when something comes on the other stream; this gives it time for
// all.
void let_mpirun_forward();
// As write_output, with that time before and after: for text with long lines, such as JSON.
void write_output_through_mpirun(std::string_view text);

}  // namespace pipetrain
