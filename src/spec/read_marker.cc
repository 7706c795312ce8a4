#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "spec/job_parts.h"

namespace weir {
namespace {

constexpr std::array<std::pair<std::string_view, bool>, 2> kAtStarts{
    {{"create", false}, {"require", true}}};

void read_local(const std::string& path, MarkerSpec& marker, const PartContext& context) {
  const std::filesystem::path given(path);
  const std::string last = given.filename().string();
  if (path.starts_with("~")) {
    context.error(marker.path.at, Code::kBadValue, "\"~\" is not replaced here",
                  "write ${env:HOME}");
  } else if (last.empty() || last == "." || last == "..") {
    context.error(marker.path.at, Code::kBadValue,
                  fmt::format("\"{}\" names no file or directory of its own", *marker.path));
  } else {
    const std::filesystem::path here =
        std::filesystem::path(context.source.path()).parent_path() / given;
    std::error_code nowhere;  // the working directory was removed
    const std::filesystem::path absolute = std::filesystem::absolute(here, nowhere);
    marker.kind = MarkerKind::kLocal;
    marker.file = (nowhere ? here : absolute).string();
  }
}

void read_place(MarkerSpec& marker, const PartContext& context) {
  std::string path = *marker.path;
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
    marker.directory = true;
  }
  if (const std::size_t scheme = path.find("://"); scheme != std::string::npos) {
    context.error(
        marker.path.at, Code::kNotInThisVersion,
        fmt::format("a marker at \"{}://\" is not in this version", path.substr(0, scheme)),
        "use a local path");
    return;
  }
  read_local(path, marker, context);
}

}  // namespace

MarkerSpec read_marker(const YamlNode* map, const PartContext& context) {
  MarkerSpec marker;
  if (const auto every = duration_of(map, "check_every")) marker.check_every = *every;
  if (const auto required = choice_of(map, "at_start", kAtStarts)) marker.required = **required;
  if (const auto path = text_of(map, "path")) {
    marker.path = *path;
    read_place(marker, context);
  }
  return marker;
}

}  // namespace weir
