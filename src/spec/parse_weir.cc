#include <fmt/format.h>

#include <cstdlib>

#include "spec/check_fields.h"
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

void read_state_dir(const YamlNode& root, const SourceText& source, WeirConfig& config,
                    Diagnostics& diagnostics) {
  const auto dir = text_of(&root, "state_dir");
  if (!dir) return;
  if (dir->value.starts_with('~')) {
    diagnostics.error(source, dir->at, Code::kBadValue, "\"~\" is not replaced here",
                      "write ${env:HOME}");
    return;
  }
  config.state_dir = **dir;
}

}  // namespace

std::string ClusterConfig::bootstrap() const { return fmt::format("{}", fmt::join(brokers, ",")); }

std::optional<std::string> default_state_dir() {
  const char* xdg = std::getenv("XDG_STATE_HOME");
  // The specification has relative paths ignored.
  if (xdg != nullptr && xdg[0] == '/') return std::string(xdg) + "/weir";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] != '\0') return std::string(home) + "/.local/state/weir";
  return std::nullopt;
}

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
  read_state_dir(*root, *source, config, diagnostics);
  if (const YamlNode* clusters = usable(&*root, "clusters")) {
    for (const YamlEntry& entry : clusters->entries) {
      if (!entry.value.bad) config.clusters[entry.key.scalar] = read_cluster(entry, kafka);
    }
  }
  config.hdfs = read_hdfs(usable(&*root, "hdfs"), *source, diagnostics);
  read_limits(usable(usable(&*root, "defaults"), "limits"), config.limits);
  const YamlNode* log = usable(&*root, "log");
  if (const auto level = choice_of(log, "level", kLevels)) config.log.level = **level;
  if (const auto format = choice_of(log, "format", kFormats)) config.log.format = **format;
  if (diagnostics.error_count() != errors_before) return std::nullopt;
  return config;
}

}  // namespace weir
