#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace weir {

/// How many files a process may have open, RLIMIT_NOFILE: `soft` counts, and may be raised to
/// `hard`. A value.
struct OpenFiles {
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;

  bool operator==(const OpenFiles&) const = default;
};

/// Of the daemon, for each job: the process, its three pipes, its log file, and one connection
/// while somebody asks for all jobs at once.
constexpr std::uint64_t kOpenFilesPerJob = 6;
/// Of the daemon, whatever it runs: its store, its API's connections, what one spawn takes.
constexpr std::uint64_t kOpenFilesOfDaemon = 200;
/// Of a job's process: thousands of partitions with a file or some connections each, and its store.
constexpr std::uint64_t kOpenFilesOfJob = 65536;

/// All that it may have. Pure.
OpenFiles open_files_of_daemon(OpenFiles given);
/// One of a daemon (`supervised`) was given what the daemon raised for itself, and takes back what
/// a job should have; one by hand gets as much, and keeps more that a person gave it. Pure.
OpenFiles open_files_of_job(OpenFiles given, bool supervised);

/// How many jobs' processes the daemon has room for. Pure.
std::size_t processes_max(OpenFiles daemon);
/// Where and what to do when `jobs` are more than that; empty when they are not. Pure.
std::string open_files_shortage(OpenFiles daemon, std::size_t jobs);

/// This process's. Thread: any.
OpenFiles open_files();
/// What cannot be set stays as it is.
void set_open_files(OpenFiles limits);

}  // namespace weir
