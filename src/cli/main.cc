#include <dlfcn.h>
#include <fcntl.h>
#include <threads.h>
#include <unistd.h>

#include <cerrno>

#include "base/allocator.h"
#include "cli/commands.h"

const char* malloc_conf = weir::kAllocatorSettings;

// librdkafka 2.0.2, Debian 12's, cuts the time to its next timer to whole milliseconds, waits so
// long with this, and then asks again and again, without waiting, until the rest of a millisecond
// is over: half a millisecond of a core per handle and second, most of what an idle job costs. One
// millisecond more, and the timer is due when the wait ends. A wait that something ends, such as a
// record, takes no longer than before.
//
// It is librdkafka's alone: glibc's condition variables of C11 are what it uses, and C++'s and
// RocksDB's go by pthread_cond_timedwait(3). The program's own definition comes before that of a
// shared library.
extern "C" int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  static const auto real =
      reinterpret_cast<decltype(&cnd_timedwait)>(dlsym(RTLD_NEXT, "cnd_timedwait"));
  constexpr long kMillisecond = 1'000'000;
  constexpr long kSecond = 1'000'000'000;
  timespec later = *until;
  later.tv_nsec += kMillisecond;
  if (later.tv_nsec >= kSecond) {
    later.tv_nsec -= kSecond;
    ++later.tv_sec;
  }
  return real(condition, mutex, &later);
}

namespace {

// A standard file that is closed would be the number of the next one that is opened, such as one of
// the job's store, and the log would be written into it.
void open_standard_files() {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; ++file) {
    // open() takes the lowest number that is free, which is this one.
    // What is written to a standard output that was closed must fail, or a job would count rows as
    // delivered that nobody has.
    const int mode = file == STDOUT_FILENO ? O_RDONLY : O_RDWR;
    if (fcntl(file, F_GETFD) == -1 && errno == EBADF && open("/dev/null", mode) != file) _exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_files();
  return weir::run_command_line(argc, argv);
}
