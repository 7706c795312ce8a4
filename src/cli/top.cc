#include "cli/top.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <thread>

#include "cli/top_table.h"
#include "job/run.h"

namespace weir {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookEvery{1000};
constexpr const char* kTarget = "/v1/jobs?process=1";

// The terminal, for as long as it shows the table: another screen, no cursor, keys as they come.
class Screen {
 public:
  Screen() {
    sigemptyset(&signals_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH}) {
      sigaddset(&signals_, number);
    }
    sigprocmask(SIG_BLOCK, &signals_, &before_);
    signal_fd_ = signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK);
    has_keys_ = tcgetattr(STDIN_FILENO, &keys_) == 0;
    if (has_keys_) {
      termios now = keys_;
      now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      tcsetattr(STDIN_FILENO, TCSANOW, &now);
    }
    write("\x1b[?1049h\x1b[?25l");
  }
  ~Screen() {
    write("\x1b[?25h\x1b[?1049l");
    if (has_keys_) tcsetattr(STDIN_FILENO, TCSANOW, &keys_);
    if (signal_fd_ >= 0) close(signal_fd_);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  static TopSize size() {
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? TopSize{size.ws_row, size.ws_col} : TopSize{24, 80};
  }

  // False when the terminal is gone.
  bool draw(const std::string& text) {
    std::string out = "\x1b[H";
    for (const char c : text) {
      if (c == '\n') out += "\x1b[K";
      out += c;
    }
    return write(out + "\x1b[K\x1b[J");
  }

  // Until `until`, or a new size. False when the person wants to go.
  bool wait(steady_clock::time_point until) {
    while (true) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now()).count();
      if (left <= 0) return true;
      std::array<pollfd, 2> look{
          {{.fd = signal_fd_, .events = POLLIN, .revents = 0},
           {.fd = has_keys_ ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0}}};
      if (poll(look.data(), look.size(), static_cast<int>(left)) <= 0) continue;
      if (look[1].revents != 0 && !read_key()) return false;
      signalfd_siginfo came{};
      if (look[0].revents == 0 || read(signal_fd_, &came, sizeof came) != sizeof came) continue;
      if (came.ssi_signo == SIGWINCH) return true;
      if (came.ssi_signo != SIGTSTP) return false;
    }
  }

 private:
  static bool write(const std::string& text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
           std::fflush(stdout) == 0;
  }
  static bool read_key() {
    char key = 0;
    return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 'Q';
  }

  sigset_t signals_{};
  sigset_t before_{};
  int signal_fd_ = -1;
  termios keys_{};
  bool has_keys_ = false;
};

int show_live(const DaemonClient& daemon, TopLook before) {
  Screen screen;
  while (true) {
    const auto began = steady_clock::now();
    const HttpFetch answer = daemon.ask("GET", kTarget, kLookEvery * 5);
    const TopSize size = Screen::size();
    std::string text;
    if (answer.status == 200) {
      const TopLook now = read_top(answer.body, steady_clock::now());
      text = top_text(before, now, size);
      before = now;
    } else {
      text = daemon.why(answer);
    }
    if (!screen.draw(text) || !screen.wait(began + kLookEvery)) return kExitDone;
  }
}

}  // namespace

int show_top(const DaemonClient& daemon, const TopOptions& options) {
  const HttpFetch first = daemon.ask("GET", kTarget);
  if (first.status != 200) return daemon.say_failed(first);
  if (options.json) {
    std::fwrite(first.body.data(), 1, first.body.size(), stdout);
    return kExitDone;
  }
  const TopLook before = read_top(first.body, steady_clock::now());
  if (!options.once && isatty(STDOUT_FILENO) != 0) return show_live(daemon, before);
  std::this_thread::sleep_for(kLookEvery);
  const HttpFetch second = daemon.ask("GET", kTarget);
  if (second.status != 200) return daemon.say_failed(second);
  const std::string text = top_text(before, read_top(second.body, steady_clock::now()), {});
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kExitDone;
}

}  // namespace weir
