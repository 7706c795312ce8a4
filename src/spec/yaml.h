#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/diagnostics.h"
#include "spec/source_text.h"

namespace weir {

struct YamlEntry;

/// A YAML file as a tree in which everything knows its place. Scalars are texts: weir gives types
/// to values itself, so `no`, `1e3` and `0x10` have no surprises.
struct YamlNode {
  enum class Kind : unsigned char { kNull, kScalar, kMap, kList };
  enum class Style : unsigned char { kPlain, kSingle, kDouble, kLiteral, kFolded };

  Kind kind = Kind::kNull;
  Style style = Style::kPlain;
  bool flow = false;  ///< a map or list in { } or [ ]
  Place at;
  std::string scalar;
  std::vector<YamlEntry> entries;  ///< of a map, in the file's order
  std::vector<YamlNode> items;     ///< of a list
  /// A plain scalar that a comment follows, where a person may have meant the `#`: its place.
  std::optional<Place> comment;
  bool bad = false;  ///< a mistake in it was reported; whoever reads it takes it for absent

  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_map() const { return kind == Kind::kMap; }
  bool is_list() const { return kind == Kind::kList; }
  /// The value of a map's key; null when absent, or this is no map.
  const YamlNode* find(std::string_view key) const;
  YamlNode* find(std::string_view key);
};

struct YamlEntry {
  YamlNode key;  ///< a scalar
  YamlNode value;
};

/// Reads one YAML document. Nothing comes back, and `diagnostics` has the reason, when it is not
/// YAML or not text. Refused with their own messages, and then left out of the tree: duplicate
/// keys, `<<`, anchors, aliases, tags, keys that are not scalars, values torn at a comma.
/// An empty file is kNull. Never throws; bounded in size and depth.
std::optional<YamlNode> parse_yaml(const SourceText& source, Diagnostics& diagnostics);

/// 1 MiB: job files are a few kB, and what reads them is quadratic in places.
constexpr std::size_t kYamlBytesMax = 1U << 20U;
constexpr std::size_t kYamlDepthMax = 64;

/// Where each byte of a scalar's value stands in the file, and one more for its end.
std::vector<std::uint32_t> scalar_offsets(const SourceText& source, const YamlNode& scalar);

}  // namespace weir
