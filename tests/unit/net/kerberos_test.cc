#include "net/kerberos.h"

#include <catch2/catch.hpp>

#include "net/webhdfs.h"
#include "support/http_server.h"

namespace weir {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("next_login: in the middle of a ticket's life, a minute after a failure", "[net]") {
  const WallTime begin{hours(1000)};
  const TicketTimes ticket{begin, begin + hours(10)};
  CHECK(next_login(ticket) == begin + hours(5));
  CHECK(next_login({begin, begin - hours(1)}) == begin);  // clocks that disagree

  CHECK(next_login_after_failure(ticket, begin + hours(5)) == begin + hours(5) + minutes(1));
  const WallTime late = ticket.end - seconds(10);
  CHECK(next_login_after_failure(ticket, late) == ticket.end);
  CHECK(next_login_after_failure(ticket, ticket.end + hours(1)) == ticket.end + hours(1));
}

TEST_CASE("login_is_due: at its time, at the ticket's end, and when the clock was set back",
          "[net]") {
  const WallTime begin{hours(1000)};
  const LoginTimes times{{begin, begin + hours(10)}, begin + seconds(1), begin + hours(5)};
  CHECK_FALSE(login_is_due(times, begin + seconds(1)));
  CHECK_FALSE(login_is_due(times, begin + hours(5) - seconds(1)));
  CHECK(login_is_due(times, begin + hours(5)));
  CHECK(login_is_due(times, begin + hours(24 * 365)));
  CHECK(login_is_due(times, begin - hours(24)));
  CHECK(login_is_due({}, begin));  // before the first
  // A login that failed while the clock was ahead does not put the next one off until then.
  LoginTimes ahead = times;
  ahead.asked = begin + hours(24 * 365);
  ahead.next = next_login_after_failure(ahead.ticket, ahead.asked);
  CHECK(login_is_due(ahead, begin + hours(6)));
}

TEST_CASE("Kerberos login: a keytab that is not there says who and which", "[net]") {
  const auto login =
      KerberosLogin::open({.keytab = "/nowhere/keytab", .principal = "weir@NOWHERE.TEST"});
  REQUIRE(login);
  const Result<> in = (*login)->ensure(SystemClock().wall());
  REQUIRE_FALSE(in);
  CHECK(in.error().action() == Action::kRetry);
  CHECK(in.error().message().starts_with(
      "Kerberos login as weir@NOWHERE.TEST with keytab /nowhere/keytab: "));
}

class Refused final : public KerberosLogin {
 public:
  Result<> ensure(WallTime /*now*/) override { return Error{Action::kRetry, "no ticket"}; }
};

TEST_CASE("WebHDFS: without a ticket nobody is asked", "[net]") {
  const test::HttpServer server([](const std::string&) { return test::HttpReply::of(200, ""); });
  const auto client = HttpClient::open({.negotiate = true});
  REQUIRE(client);
  Refused login;
  const SystemClock clock;
  WebHdfs hdfs({.namenodes = {server.address()}}, **client, &login, clock);
  const HdfsAnswer answer = hdfs.look("/m", "/").path;
  CHECK(answer.word == HdfsWord::kUnknown);
  CHECK(answer.why == server.address() + ": no ticket");
  CHECK(server.requests().empty());
}

}  // namespace
}  // namespace weir
