#pragma once

#include "cli/daemon_client.h"

namespace weir {

struct TopOptions {
  bool once = false;
  bool json = false;  ///< the daemon's answer as it is, once
};

/// `weir top`: the jobs as they run, drawn anew each second until q or Ctrl-C; the terminal is then
/// as it was. Where standard output is no terminal it is one table, as with `once`. Returns the
/// exit code. Thread: main; blocks.
int show_top(const DaemonClient& daemon, const TopOptions& options);

}  // namespace weir
