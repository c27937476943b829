// As on the shared file systems of clusters: to be preloaded, for what lies below $STORAGE_FOLDER.
//   STORAGE_NO_LOCKS      files cannot be locked (ENOLCK)
//   STORAGE_LARGEST       bytes at which every file ends (EFBIG)
//   STORAGE_INTERRUPTED   every other call is interrupted (EINTR), and writes take a part
//   STORAGE_SQUASHED      root is nobody: modes and owners stay (EPERM),
//                         and what is named closed is not entered (EACCES)
//   STORAGE_LATE_RANK     this rank sees a checkpoint's folder only
//   STORAGE_LATE_MS       so long after its last change
//   STORAGE_UNLISTED      this name is in no listing of a folder yet
//   STORAGE_STALE         files with this in their names are not opened (ESTALE)
//   STORAGE_STALE_AFTER   or they are, but not read any more after so many reads
#undef _FILE_OFFSET_BITS  // open and open64 are two names here
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) (__extension__(__typeof__(&name)) dlsym(RTLD_NEXT, #name))
#define COUNT(array) (sizeof(array) / sizeof *(array))

static char ours[4096];  // of each file descriptor: whether it lies in the folder; 2: it is stale

static const char* setting(const char* name) {
  const char* value = getenv(name);
  return value == NULL || *value == 0 ? NULL : value;
}

static int inside(const char* path) {
  const char* folder = setting("STORAGE_FOLDER");
  return folder != NULL && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_ours(int file) { return file >= 0 && file < (int)COUNT(ours) && ours[file]; }

// Whether this call is one of those that are interrupted: by turns.
static int interrupted(void) {
  static __thread unsigned turn;
  if (setting("STORAGE_INTERRUPTED") == NULL || ++turn % 2 == 0) return 0;
  errno = EINTR;
  return 1;
}

static int refused(const char* path) {
  if (setting("STORAGE_SQUASHED") == NULL || strstr(path, "/closed") == NULL) return 0;
  errno = EACCES;
  return 1;
}

// Whether the checkpoint's folder that the path leads through is not seen here yet. What was seen
// once stays so.
static int late(const char* path) {
  static char seen[64][256];
  static unsigned next;
  const char* rank = getenv("OMPI_COMM_WORLD_RANK");
  if (rank == NULL) rank = getenv("PMI_RANK");
  const char* late_rank = setting("STORAGE_LATE_RANK");
  const char* part = strstr(path, "step-");
  if (part == NULL || rank == NULL || late_rank == NULL || strcmp(rank, late_rank) != 0) return 0;
  const size_t length = (size_t)(strchrnul(part, '/') - path);
  char folder[256] = "";
  if (length >= sizeof folder) return 0;
  memcpy(folder, path, length);
  for (size_t i = 0; i < COUNT(seen); ++i) {
    if (strcmp(seen[i], folder) == 0) return 0;
  }
  struct stat info;
  struct timespec now;
  if (REAL(stat)(folder, &info) != 0) return 0;
  clock_gettime(CLOCK_REALTIME, &now);
  const long age =
      (now.tv_sec - info.st_ctim.tv_sec) * 1000 + (now.tv_nsec - info.st_ctim.tv_nsec) / 1000000;
  if (age < atol(setting("STORAGE_LATE_MS"))) {
    errno = ENOENT;
    return 1;
  }
  memcpy(seen[next++ % COUNT(seen)], folder, sizeof folder);
  return 0;
}

static int is_stale(const char* path) {
  const char* part = setting("STORAGE_STALE");
  return part != NULL && strstr(path, part) != NULL;
}

static int stale_at_open(const char* path) {
  if (setting("STORAGE_STALE_AFTER") != NULL || !is_stale(path)) return 0;
  errno = ESTALE;
  return 1;
}

static int opened(int (*real)(const char*, int, ...), const char* path, int flags, mode_t mode) {
  const int here = inside(path);
  if (here && (interrupted() || refused(path) || late(path) || stale_at_open(path))) return -1;
  const int file = real(path, flags, mode);
  if (file >= 0 && file < (int)COUNT(ours)) ours[file] = (char)(here && is_stale(path) ? 2 : here);
  return file;
}

static mode_t mode_of(int flags, va_list more) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
}

#define OPEN(name)                                \
  int name(const char* path, int flags, ...) {    \
    va_list more;                                 \
    va_start(more, flags);                        \
    const mode_t mode = mode_of(flags, more);     \
    va_end(more);                                 \
    return opened(REAL(name), path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

#define NAMED(type, name, failed, parameters, ...)                    \
  type name parameters {                                              \
    if (inside(path) && (refused(path) || late(path))) return failed; \
    return REAL(name)(__VA_ARGS__);                                   \
  }
NAMED(FILE*, fopen, NULL, (const char* path, const char* mode), path, mode)
NAMED(FILE*, fopen64, NULL, (const char* path, const char* mode), path, mode)
NAMED(int, stat, -1, (const char* path, struct stat* info), path, info)
NAMED(int, stat64, -1, (const char* path, struct stat64* info), path, info)
NAMED(int, mkdir, -1, (const char* path, mode_t mode), path, mode)
NAMED(DIR*, opendir, NULL, (const char* path), path)

int close(int file) {
  if (file >= 0 && file < (int)COUNT(ours)) ours[file] = 0;
  return REAL(close)(file);
}

// How many of `count` bytes from `at` on the file takes.
static ssize_t taken(size_t count, off_t at) {
  const char* largest = setting("STORAGE_LARGEST");
  if (largest != NULL && at >= 0) {
    const off_t room = atoll(largest) - at;
    if (room <= 0) {
      errno = EFBIG;
      return -1;
    }
    if ((off_t)count > room) return room;
  }
  return setting("STORAGE_INTERRUPTED") != NULL && count > 1 ? (ssize_t)(count + 1) / 2
                                                             : (ssize_t)count;
}

ssize_t write(int file, const void* from, size_t count) {
  if (!is_ours(file) || count == 0) return REAL(write)(file, from, count);
  if (interrupted()) return -1;
  const int flags = fcntl(file, F_GETFL);
  const off_t at = lseek(file, 0, (flags & O_APPEND) != 0 ? SEEK_END : SEEK_CUR);
  const ssize_t part = taken(count, at);
  return part < 0 ? -1 : REAL(write)(file, from, (size_t)part);
}

// Whether this read of a file fails.
static int unread(int file) {
  static _Atomic long reads;
  if (!is_ours(file)) return 0;
  if (ours[file] == 2 && ++reads > atol(setting("STORAGE_STALE_AFTER"))) {
    errno = ESTALE;
    return 1;
  }
  return interrupted();
}

ssize_t read(int file, void* to, size_t count) {
  return unread(file) ? -1 : REAL(read)(file, to, count);
}

#define READ_AT(name, at_type)                                  \
  ssize_t name(int file, void* to, size_t count, at_type at) {  \
    return unread(file) ? -1 : REAL(name)(file, to, count, at); \
  }
READ_AT(pread, off_t)
READ_AT(pread64, off64_t)

static int unlisted(const char* name) {
  const char* late_name = setting("STORAGE_UNLISTED");
  return late_name != NULL && strcmp(name, late_name) == 0;
}

#define LISTED(name, type)                                                        \
  struct type* name(DIR* listing) {                                               \
    struct type* entry = REAL(name)(listing);                                     \
    while (entry != NULL && unlisted(entry->d_name)) entry = REAL(name)(listing); \
    return entry;                                                                 \
  }
LISTED(readdir, dirent)
LISTED(readdir64, dirent64)

#define CUT(name, size_type)                            \
  int name(int file, size_type size) {                  \
    if (is_ours(file)) {                                \
      if (interrupted()) return -1;                     \
      const char* largest = setting("STORAGE_LARGEST"); \
      if (largest != NULL && size > atoll(largest)) {   \
        errno = EFBIG;                                  \
        return -1;                                      \
      }                                                 \
    }                                                   \
    return REAL(name)(file, size);                      \
  }
CUT(ftruncate, off_t)
CUT(ftruncate64, off64_t)

int fsync(int file) { return is_ours(file) && interrupted() ? -1 : REAL(fsync)(file); }

int rename(const char* from, const char* to) {
  return inside(to) && interrupted() ? -1 : REAL(rename)(from, to);
}

int flock(int file, int operation) {
  if (is_ours(file) && setting("STORAGE_NO_LOCKS") != NULL) {
    errno = ENOLCK;
    return -1;
  }
  return is_ours(file) && interrupted() ? -1 : REAL(flock)(file, operation);
}

static int squashed(int here) {
  if (!here || setting("STORAGE_SQUASHED") == NULL) return 0;
  errno = EPERM;
  return 1;
}
int chmod(const char* path, mode_t mode) {
  return squashed(inside(path)) ? -1 : REAL(chmod)(path, mode);
}
int fchmod(int file, mode_t mode) {
  return squashed(is_ours(file)) ? -1 : REAL(fchmod)(file, mode);
}
int chown(const char* path, uid_t user, gid_t group) {
  return squashed(inside(path)) ? -1 : REAL(chown)(path, user, group);
}
int fchown(int file, uid_t user, gid_t group) {
  return squashed(is_ours(file)) ? -1 : REAL(fchown)(file, user, group);
}
