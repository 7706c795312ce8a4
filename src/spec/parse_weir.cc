#include <arpa/inet.h>
#include <fmt/format.h>

#include "spec/check_fields.h"
#include "spec/directories.h"
#include "spec/job_parts.h"
#include "spec/load.h"
#include "spec/parse.h"
#include "spec/tree_values.h"

namespace weir {
namespace {

constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels{
    {{"debug", LogLevel::kDebug},
     {"info", LogLevel::kInfo},
     {"warn", LogLevel::kWarn},
     {"error", LogLevel::kError}}};
constexpr std::array<std::pair<std::string_view, LogFormat>, 3> kFormats{
    {{"auto", LogFormat::kAuto}, {"text", LogFormat::kText}, {"json", LogFormat::kJson}}};

ClusterConfig read_cluster(const YamlEntry& entry, const KafkaReader& kafka) {
  ClusterConfig cluster;
  cluster.name = entry.key.scalar;
  cluster.brokers = kafka.brokers(&entry.value);
  if (const auto topic = text_of(&entry.value, "epoch_topic")) cluster.epoch_topic = **topic;
  cluster.security = kafka.security(usable(&entry.value, "security"), cluster.name);
  cluster.properties = kafka.properties(&entry.value);
  return cluster;
}

HdfsConfig read_hdfs(const YamlNode* map, const SourceText& source, Diagnostics& diagnostics) {
  HdfsConfig hdfs;
  if (const YamlNode* services = usable(map, "nameservices")) {
    for (const YamlEntry& entry : services->entries) {
      hdfs.nameservices[entry.key.scalar] = texts_of(services, entry.key.scalar);
    }
  }
  const YamlNode* auth = usable(map, "auth");
  if (const auto user = text_of(usable(auth, "simple"), "user")) hdfs.user = **user;
  if (const YamlNode* kerberos = usable(auth, "kerberos")) {
    const auto keytab = text_of(kerberos, "keytab");
    const auto principal = text_of(kerberos, "principal");
    if (keytab && principal) hdfs.kerberos = {**keytab, **principal};
    if (auth->find("simple") != nullptr) {
      diagnostics.error(source, kerberos->at, Code::kExclusiveFields,
                        "\"simple\" and \"kerberos\" exclude one another", "keep one of them");
    }
  }
  if (const auto ca = text_of(map, "ca")) hdfs.ca = **ca;
  return hdfs;
}

// A directory or socket, from weir.yaml's own directory where it is relative; empty when absent.
class PathReader {
 public:
  PathReader(const SourceText& source, Diagnostics& diagnostics)
      : source_(source), diagnostics_(diagnostics) {}

  std::string read(const YamlNode* map, std::string_view key) const {
    const auto path = text_of(map, key);
    if (!path) return {};
    if (path->value.starts_with('~')) {
      diagnostics_.error(source_, path->at, Code::kBadValue, "\"~\" is not replaced here",
                         "write ${env:HOME}");
      return {};
    }
    return absolute_beside(source_.path(), **path);
  }

 private:
  const SourceText& source_;
  Diagnostics& diagnostics_;
};

// True of what can be told to be reached from other machines without asking for its address.
bool is_elsewhere(const std::string& listen) {
  std::string host = listen.substr(0, listen.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) != 127;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && !IN6_IS_ADDR_LOOPBACK(&v6);
}

ApiConfig read_api(const YamlNode* map, const PathReader& paths, const KafkaReader& kafka,
                   const SourceText& source, Diagnostics& diagnostics) {
  ApiConfig api;
  if (const auto listen = text_of(map, "listen")) {
    api.listen = **listen == "off" ? std::string() : **listen;
    api.listen_at = listen->at;
  }
  api.socket = paths.read(map, "socket");
  api.token = kafka.secret(map, "token", true);
  if (is_elsewhere(api.listen) && map != nullptr && map->find("token") == nullptr) {
    diagnostics.error(source, api.listen_at, Code::kMissingField, R"("token" is missing in "api")",
                      api.listen + " can be reached from other machines");
  }
  return api;
}

}  // namespace

std::string ClusterConfig::bootstrap() const { return fmt::format("{}", fmt::join(brokers, ",")); }

std::optional<WeirConfig> parse_weir_config_file(const std::string& path, Diagnostics& diagnostics,
                                                 const ParseOptions& options) {
  std::optional<std::string> text = load_file(path, diagnostics);
  if (!text) return std::nullopt;
  return parse_weir_config(path, std::move(*text), diagnostics, options);
}

std::optional<WeirConfig> parse_weir_config(std::string path, std::string text,
                                            Diagnostics& diagnostics, const ParseOptions& options) {
  const std::shared_ptr<SourceText> source = make_source(std::move(path), std::move(text));
  const std::size_t errors_before = diagnostics.error_count();
  std::optional<YamlNode> root = parse_yaml(*source, diagnostics);
  if (!root) return std::nullopt;
  // A file in which everything is commented out says nothing, which is fine.
  if (root->kind == YamlNode::Kind::kNull) root->kind = YamlNode::Kind::kMap;
  const References references{environment(options), {}};
  check_fields(*root, {weir_fields(), "weir.yaml", *source, references, diagnostics});

  WeirConfig config;
  config.source = source;
  const KafkaReader kafka(*source, references, diagnostics);
  if (const auto instance = text_of(&*root, "instance")) config.instance = **instance;
  const PathReader paths(*source, diagnostics);
  config.state_dir = paths.read(&*root, "state_dir");
  config.jobs_dir = paths.read(&*root, "jobs_dir");
  config.log_dir = paths.read(&*root, "log_dir");
  config.runtime_dir = paths.read(&*root, "runtime_dir");
  if (const YamlNode* clusters = usable(&*root, "clusters")) {
    for (const YamlEntry& entry : clusters->entries) {
      if (!entry.value.bad) config.clusters[entry.key.scalar] = read_cluster(entry, kafka);
    }
  }
  config.hdfs = read_hdfs(usable(&*root, "hdfs"), *source, diagnostics);
  const YamlNode* defaults = usable(&*root, "defaults");
  read_limits(usable(defaults, "limits"), config.limits);
  read_restart(usable(defaults, "restart"), config.restart);
  config.api = read_api(usable(&*root, "api"), paths, kafka, *source, diagnostics);
  config.marker =
      read_marker(usable(usable(&*root, "stop"), "marker"), {*source, config, kafka, diagnostics});
  const YamlNode* log = usable(&*root, "log");
  if (const auto level = choice_of(log, "level", kLevels)) config.log.level = **level;
  if (const auto format = choice_of(log, "format", kFormats)) config.log.format = **format;
  if (diagnostics.error_count() != errors_before) return std::nullopt;
  return config;
}

}  // namespace weir
