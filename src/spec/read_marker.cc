#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/nearest.h"
#include "spec/check_fields.h"
#include "spec/job_parts.h"

namespace weir {
namespace {

constexpr std::array<std::pair<std::string_view, bool>, 2> kAtStarts{
    {{"create", false}, {"require", true}}};

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = std::min(text.find(at), text.size());
    parts.emplace_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

// From the text of `path` to the place that it names.
class PlaceReader {
 public:
  PlaceReader(MarkerSpec& marker, const PartContext& context)
      : marker_(marker), context_(context) {}

  void read() {
    std::string path = *marker_.path;
    while (path.size() > 1 && path.ends_with('/')) {
      path.pop_back();
      marker_.directory = true;
    }
    const std::size_t scheme = path.find("://");
    if (scheme == std::string::npos) return local(path);
    remote(path.substr(0, scheme), path.substr(scheme + 3));
  }

 private:
  void error(std::string message, std::string hint = {}) {
    context_.error(marker_.path.at, Code::kBadValue, std::move(message), std::move(hint));
  }
  void names_nothing() {
    error(fmt::format("\"{}\" names no file or directory of its own", *marker_.path));
  }

  void local(const std::string& path) {
    const std::filesystem::path given(path);
    const std::string last = given.filename().string();
    if (path.starts_with("~")) return error("\"~\" is not replaced here", "write ${env:HOME}");
    if (last.empty() || last == "." || last == "..") return names_nothing();
    const std::filesystem::path here =
        std::filesystem::path(context_.source.path()).parent_path() / given;
    std::error_code nowhere;  // the working directory was removed
    const std::filesystem::path absolute = std::filesystem::absolute(here, nowhere);
    marker_.kind = MarkerKind::kLocal;
    marker_.file = (nowhere ? here : absolute).string();
  }

  void remote(const std::string& scheme, const std::string& rest) {
    if (scheme != "webhdfs" && scheme != "swebhdfs" && scheme != "hdfs") {
      return error(fmt::format("a marker cannot be at \"{}://\"", scheme),
                   "a path of this machine, webhdfs://, swebhdfs:// or hdfs://");
    }
    marker_.tls = scheme == "swebhdfs";
    marker_.hdfs = context_.config.hdfs;
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    if (!file(rest.substr(slash)) || !namenodes(scheme, rest.substr(0, slash))) return;
    marker_.kind = MarkerKind::kHdfs;
  }

  // HDFS looks for parts named `..` and finds none; a name with a colon can never be made there.
  bool file(const std::string& path) {
    for (const std::string& part : split(path, '/')) {
      if (part.empty()) continue;
      if (part == "." || part == ".." || part.find(':') != std::string::npos) {
        error(fmt::format("\"{}\" cannot stand in a path of HDFS", part),
              "parts named . or .., and colons, are not there");
        return false;
      }
      marker_.file += "/" + part;
    }
    if (marker_.file.empty()) names_nothing();
    return !marker_.file.empty();
  }

  bool namenodes(const std::string& scheme, const std::string& authority) {
    const auto service = context_.config.hdfs.nameservices.find(authority);
    if (service != context_.config.hdfs.nameservices.end()) {
      marker_.namenodes = service->second;
      return !marker_.namenodes.empty();
    }
    if (scheme == "hdfs") return unknown_service(authority);
    for (std::string address : split(authority, ',')) {
      // WebHDFS's own default ports.
      if (address.find(':') == std::string::npos) address += marker_.tls ? ":9871" : ":9870";
      if (const std::string mistake = address_mistake(address, "nn1:9870"); !mistake.empty()) {
        error(fmt::format("\"{}\" is not the address of a NameNode", address), mistake);
        return false;
      }
      marker_.namenodes.push_back(std::move(address));
    }
    return true;
  }

  bool unknown_service(const std::string& name) {
    std::vector<std::string_view> known;
    for (const auto& [service, unused] : context_.config.hdfs.nameservices) {
      known.push_back(service);
    }
    std::string hint = did_you_mean(name, known);
    if (hint.empty()) hint = "such as hdfs: { nameservices: { ns1: [nn1:9870, nn2:9870] } } there";
    context_.error(marker_.path.at, Code::kUnknownCluster,
                   fmt::format("weir.yaml has no nameservice \"{}\"", name), std::move(hint));
    return false;
  }

  MarkerSpec& marker_;
  const PartContext& context_;
};

}  // namespace

MarkerSpec read_marker(const YamlNode* map, const PartContext& context) {
  MarkerSpec marker;
  if (const auto every = duration_of(map, "check_every")) marker.check_every = *every;
  if (const auto required = choice_of(map, "at_start", kAtStarts)) marker.required = **required;
  if (const auto path = text_of(map, "path")) {
    marker.path = *path;
    PlaceReader(marker, context).read();
  }
  return marker;
}

}  // namespace weir
