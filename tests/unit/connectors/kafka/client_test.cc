#include "connectors/kafka/client.h"

#include <catch2/catch.hpp>

#include "connectors/kafka/source.h"

namespace weir::kafka {
namespace {

TEST_CASE("to_error: an outage is tried again", "[kafka]") {
  for (const auto code :
       {RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__RESOLVE,
        RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT}) {
    const Error error = to_error(code, "trying");
    CAPTURE(error.message());
    CHECK(error.action() == Action::kRetry);
    CHECK(error.code() == Code::kBrokersUnreachable);
  }
  // Somebody answers: addresses are not what is wrong.
  for (const auto code :
       {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR}) {
    const Error error = to_error(code, "trying");
    CAPTURE(error.message());
    CHECK(error.action() == Action::kRetry);
    CHECK(error.code() == Code::kClusterNotReady);
  }
}

TEST_CASE("to_error: rows that the broker refuses are named as such", "[kafka]") {
  for (const auto code :
       {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD,
        RD_KAFKA_RESP_ERR_POLICY_VIOLATION, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE}) {
    const Error error = to_error(code, "writing");
    CAPTURE(error.message());
    CHECK(error.action() == Action::kRecover);
    CHECK(error.code() == Code::kRowsRefused);
  }
}

TEST_CASE("to_error: transport, fencing and the unknown never count against rows", "[kafka]") {
  for (const auto code :
       {RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR_UNKNOWN,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT}) {
    CAPTURE(rd_kafka_err2name(code));
    CHECK(to_error(code, "writing").code() != Code::kRowsRefused);
  }
}

TEST_CASE("to_error: a missing permission stops the job and shows the command", "[kafka]") {
  const Error error =
      to_error(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "reading the offsets of group g");
  CHECK(error.action() == Action::kStopJob);
  CHECK(error.code() == Code::kPermissionMissing);
  CHECK(error.message().find("kafka-acls") != std::string::npos);
  CHECK(error.message().find("--group") != std::string::npos);
}

TEST_CASE("with_name: completes the command, and nothing else", "[kafka]") {
  const Error refused =
      to_error(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "reading the offsets of GROUP g");
  const Error named = with_name(with_name(refused, "GROUP", "prod.clicks"), "BROKER", "k1:9092");
  CHECK_THAT(named.message(), Catch::Contains("reading the offsets of GROUP g"));
  CHECK_THAT(named.message(), Catch::Contains("--bootstrap-server k1:9092 "));
  CHECK_THAT(named.message(), Catch::Contains("--group prod.clicks"));
  CHECK(named.code() == refused.code());
  const Error outage = to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "asking GROUP");
  CHECK(with_name(outage, "GROUP", "g").message() == outage.message());
}

TEST_CASE("to_error: refused credentials stop the job", "[kafka]") {
  const Error error = to_error(RD_KAFKA_RESP_ERR__AUTHENTICATION, "connecting");
  CHECK(error.action() == Action::kStopJob);
  CHECK(error.code() == Code::kAuthenticationFailed);
}

TEST_CASE("login_hint: says what to try where a mechanism needs more than the right credentials",
          "[kafka]") {
  CHECK(login_hint("scram-sha-512", 0x020002ff).find("this is 2.0.2") != std::string::npos);
  CHECK(login_hint("SCRAM-SHA-256", 0x020600ff).find("plain") != std::string::npos);
  CHECK(login_hint("scram-sha-512", 0x020601ff).empty());
  CHECK(login_hint("PLAIN", 0x020002ff).empty());
  CHECK(login_hint("GSSAPI", 0x020002ff).find("libsasl2-modules-gssapi-mit") != std::string::npos);
}

TEST_CASE("never_ends: a consumer that saw its topic go, of a librdkafka before 2.1.0", "[kafka]") {
  CHECK(never_ends(true, 0x020002ff));
  CHECK_FALSE(never_ends(false, 0x020002ff));
  CHECK_FALSE(never_ends(true, 0x020100ff));
}

TEST_CASE("without_counts: what differs at each repeat is left out", "[kafka]") {
  const std::string_view refused = "k1:9092/1: Connect to ipv4#10.0.0.1:9092 failed: refused";
  CHECK(without_counts("[thrd:k1:9092/1]: " + std::string(refused) +
                       " (after 3ms in state CONNECT, 12 identical error(s) suppressed)") ==
        refused);
  CHECK(without_counts(refused) == refused);
  CHECK(without_counts("Disconnected (after 9ms in state UP) by it") ==
        "Disconnected (after 9ms in state UP) by it");
  CHECK(without_counts("1/1 brokers are down (all)") == "1/1 brokers are down (all)");
}

TEST_CASE("Client: an outage is told with the address of the brokers", "[kafka]") {
  const auto client = Client::open({.name = "main", .brokers = "127.0.0.1:1"}, RD_KAFKA_CONSUMER,
                                   {{"group.id", "g"}});
  REQUIRE(client);
  const Error told = (*client)->explained(to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "asking"));
  CHECK(told.code() == Code::kBrokersUnreachable);
  CHECK_THAT(told.message(), Catch::Contains("brokers 127.0.0.1:1"));
}

TEST_CASE("KafkaSource: its own properties are read at each connect", "[kafka]") {
  int reads = 0;
  const auto read = [&]() -> Result<Properties> {
    if (++reads > 1) return Error{Action::kRetry, Code::kSecretUnreadable, "it is being replaced"};
    return Properties{{"fetch.min.bites", "1"}};
  };
  KafkaSourceOptions options{.index = {},
                             .name = "in",
                             .cluster = {.name = "main", .brokers = "127.0.0.1:1"},
                             .group = "g",
                             .topics = {"t"},
                             .pattern = {},
                             .assign = {},
                             .start_offsets = {},
                             .end_offsets = {}};
  options.properties = std::function<Result<Properties>()>(read);
  const auto source = make_kafka_source(std::move(options));
  const MonoTime soon = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  CHECK(source->discover(soon).error().code() == Code::kBadValue);
  CHECK(source->discover(soon).error().code() == Code::kSecretUnreadable);
  CHECK(reads == 2);
}

TEST_CASE("Client: what librdkafka refuses is a mistake in the configuration", "[kafka]") {
  const auto opened_with = [](const char* name, const char* value) {
    const KafkaCluster cluster{.name = "main", .brokers = "127.0.0.1:1", .epoch_topic = {}};
    return Client::open(cluster, RD_KAFKA_CONSUMER, {{"group.id", "g"}, {name, value}});
  };
  for (const auto& [name, value] :
       {std::pair{"fetch.min.bites", "1"}, std::pair{"fetch.min.bytes", "few"}}) {
    const auto client = opened_with(name, value);
    REQUIRE_FALSE(client);
    CHECK(client.error().action() == Action::kStopJob);
    CHECK(client.error().code() == Code::kBadValue);
    CHECK(client.error().message().find(name) != std::string::npos);
  }
}

}  // namespace
}  // namespace weir::kafka
