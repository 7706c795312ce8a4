#include "sim/fiber.h"

#include <sys/mman.h>

#include <utility>
#include <vector>

#include "base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#elif defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace weir::test {
namespace {

// The sanitizers' frames are larger; only touched pages are backed by memory.
constexpr std::size_t kStackBytes = 512U * 1024;

Fiber* running = nullptr;

}  // namespace

/// Memory for a stack, used again by later fibers: a history makes dozens. Its lowest page cannot
/// be touched.
class Fiber::Stack {
 public:
  Stack() : bytes_(take()) {}
  ~Stack() { free().push_back(bytes_); }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  void* bytes() const { return bytes_; }

 private:
  static std::vector<void*>& free() {
    static std::vector<void*> stacks;
    return stacks;
  }
  static void* take() {
    if (!free().empty()) {
      void* const bytes = free().back();
      free().pop_back();
      return bytes;
    }
    void* const bytes = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    WEIR_CHECK(bytes != MAP_FAILED, "a test machine has room for some stacks");
    mprotect(bytes, 4096, PROT_NONE);
    return bytes;
  }
  void* const bytes_;
};

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)) {}

Fiber::~Fiber() {
  WEIR_CHECK(!begun_ || ended_, "a fiber is let to its end: its stack holds objects");
#if defined(__SANITIZE_THREAD__)
  if (sanitizer_inside_ != nullptr) __tsan_destroy_fiber(sanitizer_inside_);
#endif
}

Fiber* Fiber::current() { return running; }

void Fiber::resume() {
  WEIR_CHECK(running == nullptr && !ended_, "a scheduler resumes fibers that wait");
  if (!begun_) {
    begun_ = true;
    stack_ = std::make_unique<Stack>();
    getcontext(&inside_);
    inside_.uc_stack.ss_sp = stack_->bytes();
    inside_.uc_stack.ss_size = kStackBytes;
    makecontext(&inside_, &Fiber::enter, 0);
#if defined(__SANITIZE_THREAD__)
    sanitizer_inside_ = __tsan_create_fiber(0);
#endif
  }
  running = this;
  switch_in();
  running = nullptr;
  if (ended_) stack_.reset();
}

void Fiber::pause() { running->switch_out(false); }

void Fiber::enter() {
  Fiber* const self = running;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &self->outside_stack_, &self->outside_bytes_);
#endif
  self->body_();
  self->ended_ = true;
  self->switch_out(true);
}

void Fiber::switch_in() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&sanitizer_outside_, stack_->bytes(), kStackBytes);
#elif defined(__SANITIZE_THREAD__)
  sanitizer_outside_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(sanitizer_inside_, 0);
#endif
  swapcontext(&outside_, &inside_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(sanitizer_outside_, nullptr, nullptr);
#endif
}

void Fiber::switch_out([[maybe_unused]] bool for_good) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(for_good ? nullptr : &sanitizer_inside_, outside_stack_,
                                 outside_bytes_);
#elif defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(sanitizer_outside_, 0);
#endif
  swapcontext(&inside_, &outside_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(sanitizer_inside_, &outside_stack_, &outside_bytes_);
#endif
}

}  // namespace weir::test
