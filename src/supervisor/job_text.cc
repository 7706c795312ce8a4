#include "supervisor/job_text.h"

#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "job/check_properties.h"
#include "plan/plan.h"
#include "spec/load.h"
#include "spec/parse.h"
#include "spec/yaml.h"

namespace weir {
namespace {

// A tree as bytes in which two trees are the same only when they hold the same: every text stands
// behind its length. Comments, white space and quotes are not in it.
void append_tree(std::string& out, const YamlNode& node) {
  const auto text = [&](std::string_view bytes) {
    out += std::to_string(bytes.size()) + ":";
    out += bytes;
  };
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      out += "~";
      return;
    case YamlNode::Kind::kScalar:
      return text(node.scalar);
    case YamlNode::Kind::kMap:
      out += "{";
      for (const YamlEntry& entry : node.entries) {
        text(entry.key.scalar);
        append_tree(out, entry.value);
      }
      out += "}";
      return;
    case YamlNode::Kind::kList:
      out += "[";
      for (const YamlNode& item : node.items) append_tree(out, item);
      out += "]";
      return;
  }
}

std::optional<YamlNode> tree_of(const SourceText& source) {
  Diagnostics known_already;
  return parse_yaml(source, known_already);
}

std::string job_meaning(const SourceText& source) {
  std::string out;
  const std::optional<YamlNode> root = tree_of(source);
  if (!root) return out;
  for (const YamlEntry& entry : root->entries) {
    if (entry.key.scalar == "description" || entry.key.scalar == "restart") continue;
    out += entry.key.scalar + "=";
    append_tree(out, entry.value);
  }
  return out;
}

// What a job uses of weir.yaml.
class Surroundings {
 public:
  explicit Surroundings(const JobSpec& job) {
    for (const SourceSpec& source : job.sources) add(source.kafka.endpoint);
    for (const SinkSpec& sink : job.sinks) add(sink.kafka.endpoint);
    for (const SinkSpec& sink : job.dlqs) add(sink.kafka.endpoint);
    uses_hdfs_ = job.marker.kind == MarkerKind::kHdfs;
  }

  std::string meaning(const WeirConfig& config) const {
    std::string out;
    if (config.source == nullptr) return out;
    const std::optional<YamlNode> root = tree_of(*config.source);
    if (!root) return out;
    const auto add = [&](std::string_view name, const YamlNode* node) {
      if (node == nullptr) return;
      out += std::string(name) + "=";
      append_tree(out, *node);
    };
    const YamlNode* const defaults = root->find("defaults");
    add("limits", defaults != nullptr ? defaults->find("limits") : nullptr);
    add("log", root->find("log"));
    if (uses_hdfs_) add("hdfs", root->find("hdfs"));
    const YamlNode* const clusters = root->find("clusters");
    for (const std::string& name : clusters_) {
      add("cluster " + name, clusters != nullptr ? clusters->find(name) : nullptr);
    }
    return out;
  }

 private:
  void add(const KafkaEndpoint& endpoint) {
    if (!endpoint.cluster.name.empty()) clusters_.insert(endpoint.cluster.name);
  }

  std::set<std::string> clusters_;
  bool uses_hdfs_ = false;
};

}  // namespace

JobText read_job_text(std::string file, std::string text, const WeirConfig& config) {
  JobText read{.file = std::move(file), .text = std::move(text)};
  Diagnostics diagnostics;
  const std::optional<JobSpec> job = parse_job(read.file, read.text, config, diagnostics);
  if (job) {
    if (!job->job.value.empty()) read.name = job->identity();
    check_properties(*job, diagnostics);
    if (!make_plan(*job, diagnostics) && !diagnostics.has_errors()) {
      diagnostics.file_error(read.file, Code::kNone, "the job cannot be planned");
    }
  }
  if (diagnostics.has_errors()) {
    read.mistakes = diagnostics.render();
    return read;
  }
  read.terms = {
      .restart = job->restart, .drain_timeout = job->drain_timeout, .limits = job->limits};
  read.meaning = hash64(job_meaning(*job->source) + "\n" + Surroundings(*job).meaning(config));
  return read;
}

std::string fixed_difference(const WeirConfig& before, const WeirConfig& now) {
  if (before.instance != now.instance) return "instance";
  if (before.state_dir != now.state_dir) return "state_dir";
  if (before.log_dir != now.log_dir) return "log_dir";
  if (before.runtime_dir != now.runtime_dir) return "runtime_dir";
  if (before.api.listen != now.api.listen) return "api.listen";
  if (before.api.socket != now.api.socket) return "api.socket";
  if (before.marker.name() != now.marker.name()) return "stop.marker";
  return {};
}

}  // namespace weir
