#include "base/mailbox.h"

#include <catch2/catch.hpp>

#include "base/waker.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

TEST_CASE("Waker: many wakes are one, and waiting takes them", "[base]") {
  const Waker waker = *Waker::open();
  CHECK_FALSE(waker.wait(milliseconds(0)));
  waker.wake();
  waker.wake();
  CHECK(waker.wait(milliseconds(0)));
  CHECK_FALSE(waker.wait(milliseconds(0)));
}

TEST_CASE("Mailbox: gives all that has come, oldest first, and wakes for each", "[base]") {
  const Waker waker = *Waker::open();
  Mailbox<int> box(&waker);
  CHECK(box.take_all().empty());
  box.send(1);
  box.send(2);
  CHECK(waker.wait(milliseconds(0)));
  const auto all = box.take_all();
  CHECK(std::vector<int>(all.begin(), all.end()) == std::vector<int>{1, 2});
  CHECK(box.take_all().empty());
}

TEST_CASE("Mailbox: nobody needs to sleep on it", "[base]") {
  Mailbox<std::unique_ptr<int>> box;
  box.send(std::make_unique<int>(7));
  CHECK(*box.take_all().front() == 7);
}

}  // namespace
}  // namespace weir
