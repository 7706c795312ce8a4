#include "supervisor/handover.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "supervisor/descriptor.h"

extern char** environ;

namespace weir {
namespace {

constexpr const char* kVariable = "WEIR_HANDOVER";

// In so many parts at most; the last is the remainder.
std::vector<std::string_view> split(std::string_view text, char at, std::size_t parts_max) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = parts.size() + 1 == parts_max ? std::string_view::npos : text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::string encode_handover(const std::vector<HandedChild>& children) {
  std::string text;
  for (const HandedChild& child : children) {
    text += child.job + "\t" + std::to_string(child.started_at.time_since_epoch().count()) + "\t" +
            child.version + "\t" + child.saved + "\t" + child.log_rest + "\n";
  }
  return text;
}

std::vector<HandedChild> decode_handover(std::string_view text) {
  std::vector<HandedChild> children;
  for (const std::string_view line : split(text, '\n', std::string_view::npos)) {
    const std::vector<std::string_view> parts = split(line, '\t', 5);
    if (parts.size() != 5) continue;
    std::int64_t started = 0;
    const auto read = std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), started);
    if (read.ec != std::errc()) continue;
    children.push_back({std::string(parts[0]), WallTime(std::chrono::microseconds(started)),
                        std::string(parts[2]), std::string(parts[3]), std::string(parts[4])});
  }
  return children;
}

Result<> try_program(const std::string& program, std::chrono::milliseconds at_most) {
  const auto failed = [&](const std::string& what) {
    return Error{Action::kRetry, program + " " + what};
  };
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  std::string name = program;
  std::string word = "version";
  const std::array<char*, 3> words{name.data(), word.data(), nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), &files, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return failed(std::string("cannot be started: ") + std::strerror(error));
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  pollfd look{.fd = process.get(), .events = POLLIN, .revents = 0};
  const bool ended = process && poll(&look, 1, static_cast<int>(at_most.count())) > 0;
  if (!ended) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!ended) return failed("does not say its version");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return failed(WIFEXITED(status) ? "version ends with exit " + std::to_string(WEXITSTATUS(status))
                                  : "version ends by signal " + std::to_string(WTERMSIG(status)));
}

Error replace_program(const std::string& program, const std::vector<std::string>& arguments,
                      const std::string& text) {
  const auto failed = [&](const char* what) {
    return Error{Action::kRetry, std::string(what) + " " + program + ": " + std::strerror(errno)};
  };
  const Descriptor file(memfd_create("handover", 0));
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return failed("handing over to");
  }
  setenv(kVariable, std::to_string(file.get()).c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execv(program.c_str(), words.data());
  Error error = failed("starting");
  unsetenv(kVariable);
  return error;
}

std::optional<std::string> take_handover() {
  const char* const variable = std::getenv(kVariable);
  if (variable == nullptr) return std::nullopt;
  const Descriptor file(std::atoi(variable));
  unsetenv(kVariable);
  std::string text;
  std::array<char, 16384> room{};
  while (true) {
    const ssize_t got =
        pread(file.get(), room.data(), room.size(), static_cast<off_t>(text.size()));
    if (got <= 0) return text;
    text.append(room.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace weir
