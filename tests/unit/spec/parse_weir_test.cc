#include <catch2/catch.hpp>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "spec/parse.h"

namespace weir {
namespace {

std::optional<WeirConfig> read(const std::string& text, std::string& mistakes) {
  Diagnostics diagnostics;
  ParseOptions options;
  options.env = [](const std::string& name) -> std::optional<std::string> {
    return name == "PW" ? std::optional<std::string>("s3cret") : std::nullopt;
  };
  auto config = parse_weir_config("weir.yaml", text, diagnostics, options);
  mistakes = diagnostics.render();
  return config;
}

}  // namespace

TEST_CASE("parse_weir_config: every setting arrives", "[spec]") {
  std::string mistakes;
  const auto config = read(R"(instance: prod
state_dir: /var/lib/weir
clusters:
  main:
    brokers: [k1:9093, k2:9093]
    epoch_topic: epochs
    security: { protocol: sasl_ssl, mechanism: scram-sha-512, username: weir, password: "${env:PW}",
                ca: /ca.pem, certificate: /c.pem, key: /k.pem, key_password: abc }
    properties: { socket.keepalive.enable: true }
  plain: { brokers: "localhost:9092" }
hdfs: { nameservices: { ns1: [nn1:9870, nn2:9870], ns2: nn3:9870 }, auth: { simple: { user: etl } }, ca: /h.pem }
defaults: { limits: { threads: 4, memory: 1GiB, cpu: 50% } }
log: { level: debug, format: json }
)",
                           mistakes);
  INFO(mistakes);
  REQUIRE(config);
  CHECK(config->instance == "prod");
  CHECK(config->state_dir == "/var/lib/weir");
  const ClusterConfig& main = config->clusters.at("main");
  CHECK(main.bootstrap() == "k1:9093,k2:9093");
  CHECK(main.epoch_topic == "epochs");
  CHECK(to_string(main.security.protocol) == "sasl_ssl");
  CHECK(to_string(*main.security.mechanism) == "SCRAM-SHA-512");
  CHECK(main.security.username.redacted() == "weir");
  CHECK(main.security.password.resolve()->reveal() == "s3cret");
  CHECK(main.security.password.redacted() == "***");
  CHECK(main.security.key_password.redacted() == "***");
  CHECK(main.security.ca == "/ca.pem");
  CHECK(main.properties.at("socket.keepalive.enable").value.resolve()->reveal() == "true");
  CHECK(config->clusters.at("plain").security.protocol == SecurityProtocol::kPlaintext);
  CHECK(config->hdfs.nameservices.at("ns1") == std::vector<std::string>{"nn1:9870", "nn2:9870"});
  CHECK(config->hdfs.nameservices.at("ns2") == std::vector<std::string>{"nn3:9870"});
  CHECK(config->hdfs.user == "etl");
  CHECK(config->hdfs.ca == "/h.pem");
  CHECK(config->limits.threads == 4U);
  CHECK(config->limits.memory_bytes == 1ULL << 30U);
  CHECK(config->limits.cpu_percent == 50U);
  CHECK(config->log.level == LogLevel::kDebug);
  CHECK(config->log.format == LogFormat::kJson);
}

TEST_CASE("parse_weir_config: a file that says nothing is the defaults", "[spec]") {
  std::string mistakes;
  const auto config = read("# instance: prod\n", mistakes);
  REQUIRE(config);
  CHECK(config->instance == "weir");
  CHECK(config->clusters.empty());
}

TEST_CASE("parse_weir_config: an error gives no configuration", "[spec]") {
  std::string mistakes;
  CHECK_FALSE(read("instanc: prod\n", mistakes));
  CHECK_THAT(mistakes, Catch::Contains("did you mean \"instance\"?"));
}

TEST_CASE("parse_weir_config: a literal password is in no message, however it is written",
          "[spec]") {
  for (const char* text : {
           "clusters: { m: { brokers: x, security: { password: hunter2, what: 1 } } }",
           "clusters: { m: { brokers: x, security: { 'password' : 'hunter2', what: 1 } } }",
           "clusters:\n  m:\n    security:\n      password:\n        hunter2\n      brokers: 1\n",
           "clusters:\n  m:\n    security:\n      password: |\n        hunter2\n      x: 1\n",
           "clusters:\n  m:\n    security: { protocol: sasl_ssl, password: [ hunter2 ] }\n",
           "clusters:\n  m:\n    properties: { ssl.keystore.password: hunter2, group.id: x }\n",
           "clusters: { m: { security: { password: hunter2, [ ",
           "clusters: { m: { security: { key_password: \"hunter2\", [ ",
           "clusters: { m: { security: { password: pa(hunter,word2) } } }",
           "clusters: { m: { security: { password: x,hunter2 } } }",
           "clusters: { m: { security: { password: \"x,hunter2 } } }",
           "clusters: { m: { security: { password: \"a'b${env:NOPE}hunter2\" } } }",
           "clusters:\n  m:\n    security:\n      password:\n      - hunter2\n      x: 1\n",
           "clusters:\n  m:\n    security:\n      password:\n        hunter2: x\n",
           "clusters:\n  m:\n    security:\n      password:\n\thunter2\n",
           "clusters: { m: { security: { pasword: hunter2 } } }",
           "clusters:\n  m:\n    security: { password: hunter2, password: hunter2 }\n",
           "clusters: { m: { properties: { ssl.key.pem: \"hunter2 ",
       }) {
    std::string mistakes;
    CHECK_FALSE(read(text, mistakes));
    INFO(text << "\n" << mistakes);
    CHECK(mistakes.find("hunter") == std::string::npos);
  }
}

TEST_CASE("secret: a file is read again at every resolve, and never shown", "[spec]") {
  const std::string path = std::string(std::getenv("TMPDIR") ? std::getenv("TMPDIR") : "/tmp") +
                           "/weir_secret_test_" + std::to_string(::getpid());
  const SecretText secret({{false, "a-"}, {true, path}}, false);
  CHECK(secret.is_secret());
  CHECK(secret.redacted() == "a-${file:" + path + "}");
  CHECK_FALSE(secret.resolve());
  CHECK(secret.resolve().error().code() == Code::kSecretUnreadable);
  std::ofstream(path) << "one\n";
  CHECK(secret.resolve()->reveal() == "a-one");
  std::ofstream(path) << "two";
  CHECK(secret.resolve()->reveal() == "a-two");
  std::remove(path.c_str());
  CHECK_FALSE(SecretText({{true, "/"}}, true).resolve());
}

}  // namespace weir
