#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/allocator.h"
#include "cli/commands.h"

const char* malloc_conf = weir::kAllocatorSettings;

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
