// As on a machine with more than 1024 logical processors: a set of 128 bytes is too small, a larger
// one is filled.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int sched_getaffinity(pid_t process, size_t size, cpu_set_t* set) {
  if (size <= 128) {
    errno = EINVAL;
    return -1;
  }
  memset(set, 0, size);
  const long result = syscall(SYS_sched_getaffinity, process, size, set);
  return result < 0 ? -1 : 0;
}
