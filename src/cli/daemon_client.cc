#include "cli/daemon_client.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <vector>

#include "api/http_message.h"
#include "cli/api_answer.h"
#include "job/run.h"

namespace weir {
namespace {

std::string user_name(uid_t user) {
  const passwd* const found = getpwuid(user);
  return found == nullptr ? std::to_string(user) : found->pw_name;
}

// A daemon that replaces itself cuts its connections, and nobody listens for some milliseconds.
// What may have been done is not asked for again.
bool was_cut(const std::string& method, const HttpFetch& answer) {
  if (answer.status != 0) return false;
  const int error = answer.error_number;
  return error == ECONNREFUSED || (method == "GET" && (error == ECONNRESET || error == EPIPE));
}

}  // namespace

int fail(const std::string& text, int code) {
  std::fprintf(stderr, "weir: %s\n", text.c_str());
  return code;
}

std::string whose(const std::string& what, const std::string& path) {
  std::filesystem::path seen(path);
  struct stat facts {};
  while (lstat(seen.c_str(), &facts) != 0 && seen.has_relative_path()) seen = seen.parent_path();
  const std::string owner = user_name(facts.st_uid);
  return what + " " + path + (seen == path ? "" : " is in " + seen.string() + ", which") +
         " is user " + owner + "'s alone, and you are " + user_name(geteuid()) +
         "; give the command as that user: sudo -u " + owner + " weir ...";
}

DaemonClient::DaemonClient(const JobFlags& flags) {
  Diagnostics mistakes;
  const auto config = load_config(flags, mistakes);
  if (!config) {
    std::fputs(mistakes.render().c_str(), stderr);
    return;
  }
  at_ = directories_of(*config, flags.state_dir);
  known_ = true;
}

HttpFetch DaemonClient::ask(const std::string& method, const std::string& target,
                            std::chrono::milliseconds limit) const {
  constexpr std::chrono::seconds kReplacedMax{2};
  const auto began = std::chrono::steady_clock::now();
  const auto deadline = began + limit;
  while (true) {
    std::vector<HttpFetch> asked{{.socket = at_.socket, .method = method, .target = target}};
    fetch_all(asked, limit);
    const auto now = std::chrono::steady_clock::now();
    const bool busy = asked[0].status == kTooManyConnections && now < deadline;
    const bool replaced = was_cut(method, asked[0]) && now < began + kReplacedMax;
    if (!busy && !replaced) return asked[0];
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

std::string DaemonClient::why(const HttpFetch& answer) const {
  if (answer.status != 0) {
    ApiAnswer read(answer.body);
    const std::string error = read.text(read.root(), "error");
    return error.empty() ? answer.body : error;
  }
  switch (answer.error_number) {
    case ENOENT:
    case ECONNREFUSED:
      return "no daemon answers at " + at_.socket +
             "; `weir daemon` or `systemctl start weir` starts one, and --config names the "
             "weir.yaml of another";
    case EACCES:
    case EPERM:
      return whose("the daemon's socket", at_.socket);
    default:
      return "the daemon at " + at_.socket + " does not answer: " + answer.error;
  }
}

int DaemonClient::say_failed(const HttpFetch& answer) const {
  return fail(why(answer), kExitFailed);
}

}  // namespace weir
