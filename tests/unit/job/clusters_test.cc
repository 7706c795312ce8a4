#include "job/clusters.h"

#include <catch2/catch.hpp>

#include "spec/load.h"

namespace weir {
namespace {

kafka::KafkaCluster cluster(const std::string& security) {
  Diagnostics diagnostics;
  const auto config = parse_weir_config(
      "weir.yaml", "clusters: { main: { brokers: [k1:9093], security: " + security + " } }",
      diagnostics, {});
  REQUIRE(config);
  return cluster_of({config->clusters.at("main"), {}});
}

using Values = std::map<std::string, std::string>;
Values properties(const std::string& security) {
  const auto found = cluster(security).properties.read();
  REQUIRE(found);
  return {found->begin(), found->end()};
}

TEST_CASE("cluster_of: what a mechanism needs is handed to librdkafka under its names", "[job]") {
  CHECK(properties("{ protocol: sasl_ssl, mechanism: plain, username: u, password: p, ca: /ca }") ==
        Values{{"security.protocol", "sasl_ssl"},
               {"sasl.mechanism", "PLAIN"},
               {"sasl.username", "u"},
               {"sasl.password", "p"},
               {"ssl.ca.location", "/ca"}});
  CHECK(properties(
            "{ protocol: sasl_plaintext, mechanism: gssapi, principal: weir@X, keytab: /k }") ==
        Values{{"security.protocol", "sasl_plaintext"},
               {"sasl.mechanism", "GSSAPI"},
               {"sasl.kerberos.principal", "weir@X"},
               {"sasl.kerberos.keytab", "/k"},
               {"sasl.kerberos.service.name", "kafka"}});
  CHECK(properties("{ protocol: sasl_ssl, mechanism: gssapi, principal: weir@X, keytab: /k, "
                   "service_name: bus }")
            .at("sasl.kerberos.service.name") == "bus");
  CHECK(properties("{ protocol: sasl_ssl, mechanism: oauthbearer, token_endpoint: 'https://x/t', "
                   "client_id: c, client_secret: s, scope: kafka }") ==
        Values{{"security.protocol", "sasl_ssl"},
               {"sasl.mechanism", "OAUTHBEARER"},
               {"sasl.oauthbearer.method", "oidc"},
               {"sasl.oauthbearer.token.endpoint.url", "https://x/t"},
               {"sasl.oauthbearer.client.id", "c"},
               {"sasl.oauthbearer.client.secret", "s"},
               {"sasl.oauthbearer.scope", "kafka"}});
}

TEST_CASE("cluster_of: a token is asked for when it is needed, and no property", "[job]") {
  const std::string security = "{ protocol: sasl_ssl, mechanism: oauthbearer, token: abc }";
  CHECK(properties(security) ==
        Values{{"security.protocol", "sasl_ssl"}, {"sasl.mechanism", "OAUTHBEARER"}});
  CHECK(cluster(security).token().value() == "abc");
  CHECK_FALSE(cluster("{ protocol: ssl }").token);
}

TEST_CASE("cluster_of: this librdkafka knows what Kerberos needs", "[job]") {
  // What opens the handle asks kinit, which need not be here.
  const auto opened = kafka::Client::open(
      cluster("{ protocol: sasl_plaintext, mechanism: gssapi, principal: weir@X, keytab: /none }"),
      RD_KAFKA_PRODUCER, {{"sasl.kerberos.kinit.cmd", ""}});
  INFO((opened ? "" : opened.error().message()));
  CHECK(opened);
}

}  // namespace
}  // namespace weir
