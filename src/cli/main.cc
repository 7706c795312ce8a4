#include "base/allocator.h"
#include "cli/commands.h"

const char* malloc_conf = weir::kAllocatorSettings;

int main(int argc, char** argv) { return weir::run_command_line(argc, argv); }
