#pragma once

#include "support/manual_clock.h"

namespace weir::test {

/// Thrown by Interrupts::point() to end a simulated process there and then: what it has sent and
/// written stays, nothing else does. Only test code throws and catches it.
struct SimulatedCrash {};

/// What becomes of the request or write that a fake is about to make.
enum class Fault : unsigned char {
  kNone,
  kLost,        ///< it never arrives: a read times out, a transactional request is sent again
  kAnswerLost,  ///< done, and sent again; the client sees doubt
  kLateCopy,    ///< sent again and done, while the first copy is still on its way
  kGivenUp,     ///< on its way, and the client reports an unknown outcome
  kDoneUnseen,  ///< done, and the client reports an unknown outcome
  kStuck,       ///< on its way; the call does not return until its handle was replaced
  kRefused,     ///< a sync that fails; a sink or source that has no room or no records just now
};

/// Every fake calls this where the world could change or its process could die: before and after
/// each durable effect and each answer, and where it would block. Here nothing happens and time
/// passes only for those who wait; a simulator switches fibers, crashes and breaks things instead.
///
/// `where` names the place, such as "commit.sent", in traces.
///
/// Owned by the test, outlives the fakes. Thread: the test's.
class Interrupts {
 public:
  explicit Interrupts(ManualClock& clock) : clock_(clock) {}
  virtual ~Interrupts() = default;
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  const Clock& clock() const { return clock_; }

  /// Others may run here. Throws SimulatedCrash to end the caller's process.
  virtual void point(const char* /*where*/) {}

  /// The caller waits for what others do. False when `until` has passed; true: look again.
  virtual bool wait(const char* /*where*/, MonoTime until) {
    clock_.advance_to(until);
    return false;
  }

  virtual Fault fault(const char* /*where*/) { return Fault::kNone; }

 protected:
  ManualClock& clock_;
};

}  // namespace weir::test
