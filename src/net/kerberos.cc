#include "net/kerberos.h"

#include <krb5.h>

#include <algorithm>
#include <cstdlib>

#include "net/library.h"

namespace weir {
namespace {

constexpr const char* kCache = "MEMORY:weir";
constexpr std::chrono::minutes kPauseAfterFailure{1};

struct Krb5 {
  decltype(&::krb5_init_context) init_context;
  decltype(&::krb5_free_context) free_context;
  decltype(&::krb5_parse_name) parse_name;
  decltype(&::krb5_free_principal) free_principal;
  decltype(&::krb5_kt_resolve) kt_resolve;
  decltype(&::krb5_kt_close) kt_close;
  decltype(&::krb5_get_init_creds_keytab) get_init_creds_keytab;
  decltype(&::krb5_free_cred_contents) free_cred_contents;
  decltype(&::krb5_cc_resolve) cc_resolve;
  decltype(&::krb5_cc_initialize) cc_initialize;
  decltype(&::krb5_cc_store_cred) cc_store_cred;
  decltype(&::krb5_cc_close) cc_close;
  decltype(&::krb5_get_error_message) get_error_message;
  decltype(&::krb5_free_error_message) free_error_message;
};

Result<Krb5> load() {
  // The one that libcurl's GSSAPI uses, so that both see one cache.
  WEIR_ASSIGN(const Library library, Library::load("libkrb5.so.3", "libkrb5-3"));
  Krb5 krb5{};
  WEIR_TRY(library.find("krb5_init_context", krb5.init_context));
  WEIR_TRY(library.find("krb5_free_context", krb5.free_context));
  WEIR_TRY(library.find("krb5_parse_name", krb5.parse_name));
  WEIR_TRY(library.find("krb5_free_principal", krb5.free_principal));
  WEIR_TRY(library.find("krb5_kt_resolve", krb5.kt_resolve));
  WEIR_TRY(library.find("krb5_kt_close", krb5.kt_close));
  WEIR_TRY(library.find("krb5_get_init_creds_keytab", krb5.get_init_creds_keytab));
  WEIR_TRY(library.find("krb5_free_cred_contents", krb5.free_cred_contents));
  WEIR_TRY(library.find("krb5_cc_resolve", krb5.cc_resolve));
  WEIR_TRY(library.find("krb5_cc_initialize", krb5.cc_initialize));
  WEIR_TRY(library.find("krb5_cc_store_cred", krb5.cc_store_cred));
  WEIR_TRY(library.find("krb5_cc_close", krb5.cc_close));
  WEIR_TRY(library.find("krb5_get_error_message", krb5.get_error_message));
  WEIR_TRY(library.find("krb5_free_error_message", krb5.free_error_message));
  return krb5;
}

WallTime wall_of(krb5_timestamp seconds) {
  // Unsigned since krb5 1.16, which lasts until 2106.
  return WallTime(std::chrono::seconds(static_cast<std::uint32_t>(seconds)));
}

// One login; what it opened is closed with it.
class Attempt {
 public:
  Attempt(const Krb5& krb5, const KerberosOptions& options) : krb5_(krb5), options_(options) {}
  ~Attempt() {
    if (has_creds_) krb5_.free_cred_contents(context_, &creds_);
    if (cache_ != nullptr) krb5_.cc_close(context_, cache_);
    if (keytab_ != nullptr) krb5_.kt_close(context_, keytab_);
    if (principal_ != nullptr) krb5_.free_principal(context_, principal_);
    if (context_ != nullptr) krb5_.free_context(context_);
  }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  Result<TicketTimes> run() {
    // Anew each time: krb5.conf may have changed.
    WEIR_TRY(done(krb5_.init_context(&context_)));
    WEIR_TRY(done(krb5_.parse_name(context_, options_.principal.c_str(), &principal_)));
    WEIR_TRY(done(krb5_.kt_resolve(context_, ("FILE:" + options_.keytab).c_str(), &keytab_)));
    WEIR_TRY(done(
        krb5_.get_init_creds_keytab(context_, &creds_, principal_, keytab_, 0, nullptr, nullptr)));
    has_creds_ = true;
    WEIR_TRY(done(krb5_.cc_resolve(context_, kCache, &cache_)));
    WEIR_TRY(done(krb5_.cc_initialize(context_, cache_, principal_)));
    WEIR_TRY(done(krb5_.cc_store_cred(context_, cache_, &creds_)));
    const krb5_ticket_times& times = creds_.times;
    return TicketTimes{wall_of(times.starttime != 0 ? times.starttime : times.authtime),
                       wall_of(times.endtime)};
  }

 private:
  Result<> done(krb5_error_code code) const {
    if (code == 0) return {};
    const char* const why = krb5_.get_error_message(context_, code);
    Error error{Action::kRetry, "Kerberos login as " + options_.principal + " with keytab " +
                                    options_.keytab + ": " + why};
    krb5_.free_error_message(context_, why);
    return error;
  }

  const Krb5& krb5_;
  const KerberosOptions& options_;
  krb5_context context_ = nullptr;
  krb5_principal principal_ = nullptr;
  krb5_keytab keytab_ = nullptr;
  krb5_ccache cache_ = nullptr;
  krb5_creds creds_{};
  bool has_creds_ = false;
};

class Login final : public KerberosLogin {
 public:
  Login(const Krb5& krb5, KerberosOptions options) : krb5_(krb5), options_(std::move(options)) {}

  Result<> ensure(WallTime now) override {
    if (!login_is_due(times_, now)) return {};
    times_.asked = now;
    Result<TicketTimes> got = Attempt(krb5_, options_).run();
    if (got) {
      times_.ticket = *got;
      times_.next = next_login(*got);
      return {};
    }
    times_.next = next_login_after_failure(times_.ticket, now);
    if (now < times_.ticket.end) return {};
    return std::move(got.error());
  }

 private:
  const Krb5 krb5_;
  const KerberosOptions options_;
  LoginTimes times_{};
};

}  // namespace

WallTime next_login(const TicketTimes& ticket) {
  return ticket.begin + std::max(ticket.end - ticket.begin, WallTime::duration(0)) / 2;
}

WallTime next_login_after_failure(const TicketTimes& ticket, WallTime now) {
  return std::min<WallTime>(std::max(now, ticket.end), now + kPauseAfterFailure);
}

bool login_is_due(const LoginTimes& times, WallTime now) {
  return now < times.asked || now >= times.next || now >= times.ticket.end;
}

Result<std::unique_ptr<KerberosLogin>> KerberosLogin::open(KerberosOptions options) {
  WEIR_ASSIGN(const Krb5 krb5, load());
  setenv("KRB5CCNAME", kCache, 1);
  return std::unique_ptr<KerberosLogin>(std::make_unique<Login>(krb5, std::move(options)));
}

}  // namespace weir
