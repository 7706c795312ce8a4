#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace weir {

struct KerberosOptions {
  std::string keytab;     ///< file
  std::string principal;  ///< with or without its realm
};

/// How long a ticket is good.
struct TicketTimes {
  WallTime begin, end;
};
/// After a login: in the middle of the ticket's life. Pure.
WallTime next_login(const TicketTimes& ticket);
/// After one that failed: at once when the ticket is over or there is none, else in a minute. Pure.
WallTime next_login_after_failure(const TicketTimes& ticket, WallTime now);

/// What the next login goes by. A value.
struct LoginTimes {
  TicketTimes ticket;  ///< the newest
  WallTime asked;      ///< the last attempt
  WallTime next;
};
/// Also once when the clock was set back since the last attempt: a ticket of a time that has not
/// come is none, and nobody would ask for another until then. Pure.
bool login_is_due(const LoginTimes& times, WallTime now);

/// Keeps a process logged in at Kerberos: gets a ticket by a keytab into a cache in memory, where
/// libcurl's SPNEGO finds it, and a new one before it ends. The realm and its KDCs are those of
/// krb5.conf ($KRB5_CONFIG). libkrb5 is loaded as libcurl is.
///
/// Owned by whoever asks servers. Thread: its owner's. One per process: the cache is the process's.
class KerberosLogin {
 public:
  /// Names the cache in the environment ($KRB5CCNAME): before other threads read that.
  /// Errors: kStopJob when libkrb5 cannot be loaded.
  static Result<std::unique_ptr<KerberosLogin>> open(KerberosOptions options);
  virtual ~KerberosLogin() = default;

  /// Logs in when it is time to. Blocks while KDCs are asked, for as long as krb5.conf has it.
  /// Errors: kRetry when there is no ticket that is still good.
  virtual Result<> ensure(WallTime now) = 0;
};

}  // namespace weir
