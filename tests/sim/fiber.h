#pragma once

#include <ucontext.h>

#include <functional>
#include <memory>

namespace weir::test {

/// Code with a stack of its own that can stop in the middle, so that many actors run on one thread
/// in an order that a schedule chooses. Exceptions do not leave the body.
///
/// Owned by its scheduler; the body has ended, or was never begun, when it is destroyed.
/// Thread: one for all fibers.
class Fiber {
 public:
  explicit Fiber(std::function<void()> body);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs the body until it pauses or ends. Not from within a fiber.
  void resume();
  /// Goes back to whoever resumed the fiber that runs.
  static void pause();
  /// The fiber that runs; null outside of any.
  static Fiber* current();

  bool begun() const { return begun_; }
  bool ended() const { return ended_; }

 private:
  class Stack;
  static void enter();
  void switch_in();
  void switch_out(bool for_good);

  std::function<void()> body_;
  std::unique_ptr<Stack> stack_;
  ucontext_t inside_{};
  ucontext_t outside_{};
  bool begun_ = false;
  bool ended_ = false;
  // What the sanitizers keep of the two stacks.
  void* sanitizer_inside_ = nullptr;
  void* sanitizer_outside_ = nullptr;
  const void* outside_stack_ = nullptr;
  std::size_t outside_bytes_ = 0;
};

}  // namespace weir::test
