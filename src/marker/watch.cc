#include "marker/watch.h"

#include <atomic>
#include <future>
#include <thread>

#include "base/mutex.h"
#include "base/waker.h"

namespace weir {
namespace {

// What the thread uses, kept alive by it when it was left behind.
struct Watched {
  Watched(std::unique_ptr<MarkerPlace> its_place, MarkerOptions its_options, const Clock& its_clock,
          std::function<void(MarkerWord)> its_changed, Waker opened)
      : place(std::move(its_place)),
        options(std::move(its_options)),
        clock(its_clock),
        changed(std::move(its_changed)),
        waker(std::move(opened)) {
    // Nothing is remembered for a watch that was closed: its owner clears what is kept.
    if (!options.remember) return;
    options.remember = [this, keep = std::move(options.remember)](const std::string& text) {
      const MutexLock lock(closing);
      return closed ? Result<>() : keep(text);
    };
  }

  void publish(MarkerWord word) WEIR_EXCLUDES(closing) {
    if (said.exchange(word) == word) return;
    const MutexLock lock(closing);
    if (!closed) changed(word);
  }

  void run() {
    MarkerTask task(*place, options, clock);
    while (!quit) {
      const MarkerWord word = task.check();
      unknown_total = task.unknown_total();
      if (word == MarkerWord::kRefuse) error = task.error();
      publish(word);
      if (task.next_check() == MonoTime::max()) return;
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(task.next_check() - clock.mono());
      if (left.count() > 0 && !quit) waker.wait(left);
    }
  }

  const std::unique_ptr<MarkerPlace> place;
  MarkerOptions options;
  const Clock& clock;
  const std::function<void(MarkerWord)> changed;
  const Waker waker;
  std::atomic<MarkerWord> said = MarkerWord::kHold;
  std::atomic<std::uint64_t> unknown_total = 0;
  std::optional<Error> error;  // written before `said` says kRefuse
  std::atomic<bool> quit = false;
  std::promise<void> end;
  Mutex closing;
  bool closed WEIR_GUARDED_BY(closing) = false;
};

class WatchThread final : public MarkerWatch {
 public:
  explicit WatchThread(std::shared_ptr<Watched> watched)
      : watched_(std::move(watched)), ended_(watched_->end.get_future()) {
    std::thread([mine = watched_]() mutable {
      mine->run();
      // Whoever waits for the end destroys what was used, not this thread behind its back.
      std::promise<void> end = std::move(mine->end);
      mine.reset();
      end.set_value();
    }).detach();
  }
  ~WatchThread() override { close(); }

  MarkerWord word() const override { return watched_->said; }
  const Error& error() const override { return *watched_->error; }
  std::uint64_t unknown_total() const override { return watched_->unknown_total; }

  bool close() override {
    watched_->quit = true;
    watched_->waker.wake();
    watched_->place->cancel();
    const bool in_time =
        ended_.wait_for(watched_->options.close_timeout) == std::future_status::ready;
    const MutexLock lock(watched_->closing);
    watched_->closed = true;
    return in_time;
  }

 private:
  const std::shared_ptr<Watched> watched_;
  const std::future<void> ended_;
};

}  // namespace

Result<std::unique_ptr<MarkerWatch>> MarkerWatch::start(std::unique_ptr<MarkerPlace> place,
                                                        MarkerOptions options, const Clock& clock,
                                                        std::function<void(MarkerWord)> changed) {
  WEIR_ASSIGN(Waker waker, Waker::open());
  return std::unique_ptr<MarkerWatch>(std::make_unique<WatchThread>(std::make_shared<Watched>(
      std::move(place), std::move(options), clock, std::move(changed), std::move(waker))));
}

}  // namespace weir
