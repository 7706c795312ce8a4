#include "spec/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>

namespace weir {
namespace {

// How many ( are open at the end of a plain scalar, quotes considered; an open ' counts too.
int open_brackets(std::string_view text) {
  int open = 0;
  bool quoted = false;
  for (const char c : text) {
    if (c == '\'') quoted = !quoted;
    if (quoted) continue;
    if (c == '(') ++open;
    if (c == ')') --open;
  }
  return open + (quoted ? 1 : 0);
}

// Makes the tree from yaml-cpp's events, which carry what its own Node class drops: the style of
// maps, and duplicate keys.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceText& source, Diagnostics& diagnostics)
      : source_(source), diagnostics_(diagnostics) {}

  YamlNode take_root() { return std::move(root_); }
  /// What was read is not what was meant, and that was reported: more messages would mislead.
  bool hopeless() const { return hopeless_; }
  /// The innermost { or [ that is open: where the parser stopped, it waits for its end.
  std::optional<Place> open_bracket() const {
    for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
      if (level->node.flow) return level->node.at;
    }
    return std::nullopt;
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.at = {offset(mark), 0};
    refuse_anchor(node, anchor);
    put(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    YamlNode node;
    node.at = {offset(mark), 1};
    node.bad = true;
    refuse(node.at, "an alias (*) is refused: the value must stand where it is used");
    put(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.scalar = value;
    node.at = {offset(mark), 1};
    refuse_anchor(node, anchor);
    refuse_tag(node, tag);
    if (!node.bad) measure(node);
    put(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::kList, mark, tag, anchor, style);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::kMap, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    YamlNode node;
    std::optional<YamlNode> key;  // of a map: the one whose value comes next
  };

  static std::uint32_t offset(const YAML::Mark& mark) {
    return static_cast<std::uint32_t>(std::max(mark.pos, 0));
  }
  void refuse(Place at, std::string message, std::string hint = {}) {
    diagnostics_.error(source_, at, Code::kYamlFeature, std::move(message), std::move(hint));
  }
  void refuse_anchor(YamlNode& node, YAML::anchor_t anchor) {
    if (anchor == 0) return;
    node.bad = true;
    refuse({node.at.offset, 1}, "an anchor (&) is refused: write the value where it is used");
  }
  void refuse_tag(YamlNode& node, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    node.bad = true;
    refuse({node.at.offset, 1}, fmt::format("a YAML tag is refused: {}", tag),
           "a value that begins with ! needs quotes");
  }

  // Finds out style, extent and a comment behind a scalar from the source itself.
  void measure(YamlNode& node) {
    const std::string& text = source_.text();
    const std::size_t at = node.at.offset;
    const char first = at < text.size() ? text[at] : '\0';
    using Style = YamlNode::Style;
    node.style = first == '\''  ? Style::kSingle
                 : first == '"' ? Style::kDouble
                 : first == '|' ? Style::kLiteral
                 : first == '>' ? Style::kFolded
                                : Style::kPlain;
    if (node.style == Style::kLiteral || node.style == Style::kFolded) return;
    const std::uint32_t end = scalar_offsets(source_, node).back();
    node.at.length = std::max(end, node.at.offset) - node.at.offset;
    if (node.style != Style::kPlain) {
      const std::size_t close = text.find(first, end);
      if (close != std::string::npos) {
        node.at.length = static_cast<std::uint32_t>(close) + 1 - node.at.offset;
      } else {
        // yaml-cpp takes the rest of the file for the value.
        hopeless_ = true;
        diagnostics_.error(source_, {node.at.offset, 1}, Code::kBadYaml,
                           "this is not YAML: the quote is never closed");
      }
      return;
    }
    find_comment(node, end);
  }

  // A `#` behind the scalar on its line, or on a next line that is indented deeper than the key.
  void find_comment(YamlNode& node, std::size_t end) {
    const std::string& text = source_.text();
    const std::size_t hash = text.find_first_not_of(" \t\r\n", end);
    if (hash == std::string::npos || text[hash] != '#' || hash == end) return;
    const bool same_line = text.find('\n', end) > hash;
    const bool is_value = !levels_.empty() && levels_.back().key;
    const std::size_t key_column =
        is_value ? source_.line_column(levels_.back().key->at.offset).column : 1;
    if (same_line || source_.line_column(hash).column > key_column) {
      node.comment = Place{static_cast<std::uint32_t>(hash), 1};
    }
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    Level level;
    level.node.kind = kind;
    level.node.flow = style == YAML::EmitterStyle::Flow;
    level.node.at = {offset(mark), level.node.flow ? 1U : 0U};
    if (++depth_ > kYamlDepthMax) {
      if (!hopeless_) {
        hopeless_ = true;
        diagnostics_.error(source_, level.node.at, Code::kTooDeep,
                           fmt::format("more than {} levels deep", kYamlDepthMax));
      }
      return;  // what is below is read over
    }
    refuse_anchor(level.node, anchor);
    refuse_tag(level.node, tag);
    levels_.push_back(std::move(level));
  }

  void close() {
    if (depth_-- > kYamlDepthMax) return;
    YamlNode node = std::move(levels_.back().node);
    levels_.pop_back();
    if (node.flow && node.is_map()) mend_torn_map(node);
    if (node.flow && node.is_list()) mend_torn_list(node);
    put(std::move(node));
  }

  void put(YamlNode node) {
    if (depth_ > kYamlDepthMax) return;
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.is_list()) {
      level.node.items.push_back(std::move(node));
    } else if (!level.key) {
      level.key = std::move(node);
    } else {
      YamlNode key = std::move(*level.key);
      level.key.reset();
      add_entry(level.node, std::move(key), std::move(node));
    }
  }

  void add_entry(YamlNode& map, YamlNode key, YamlNode value) {
    if (!key.is_scalar()) {
      if (!key.bad) refuse(key.at, "a key must be a text");
      return;
    }
    if (key.scalar == "<<" && key.style == YamlNode::Style::kPlain) {
      diagnostics_.error(source_, key.at, Code::kMergeKey,
                         "\"<<\" merges nothing: write the keys out");
      return;
    }
    if (value.kind == YamlNode::Kind::kNull) value.at = key.at;
    for (const YamlEntry& entry : map.entries) {
      if (entry.key.scalar != key.scalar) continue;
      diagnostics_.error(
          source_, key.at, Code::kDuplicateKey,
          fmt::format("\"{}\" is given twice", source_.shown(key.at, key.scalar)),
          fmt::format("the first is on line {}", source_.line_column(entry.key.at.offset).line));
      return;
    }
    map.entries.push_back({std::move(key), std::move(value)});
  }

  void report_torn(YamlNode& value, std::string_view rest) {
    value.bad = true;
    diagnostics_.error(
        source_, value.at, Code::kTornFlow,
        fmt::format("this value is torn in two at its comma: \"{}\" and \"{}\"",
                    source_.shown(value.at, value.scalar), source_.shown(value.at, rest)),
        "put the whole value in quotes");
  }

  // { total: coalesce(a, 0) } comes as total: "coalesce(a" and a key "0)" without a value.
  void mend_torn_map(YamlNode& map) {
    for (std::size_t i = 0; i + 1 < map.entries.size(); ++i) {
      YamlNode& value = map.entries[i].value;
      if (!value.is_scalar() || value.style != YamlNode::Style::kPlain) continue;
      int open = open_brackets(value.scalar);
      if (open <= 0 || map.entries[i + 1].value.kind != YamlNode::Kind::kNull) continue;
      report_torn(value, map.entries[i + 1].key.scalar);
      while (open > 0 && i + 1 < map.entries.size() &&
             map.entries[i + 1].value.kind == YamlNode::Kind::kNull) {
        open += open_brackets(map.entries[i + 1].key.scalar);
        map.entries.erase(map.entries.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }

  void mend_torn_list(YamlNode& list) {
    for (std::size_t i = 0; i + 1 < list.items.size(); ++i) {
      YamlNode& value = list.items[i];
      if (!value.is_scalar() || value.style != YamlNode::Style::kPlain) continue;
      int open = open_brackets(value.scalar);
      if (open <= 0 || !list.items[i + 1].is_scalar()) continue;
      report_torn(value, list.items[i + 1].scalar);
      while (open > 0 && i + 1 < list.items.size() && list.items[i + 1].is_scalar()) {
        open += open_brackets(list.items[i + 1].scalar);
        list.items.erase(list.items.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }

  const SourceText& source_;
  Diagnostics& diagnostics_;
  YamlNode root_;
  std::vector<Level> levels_;
  std::size_t depth_ = 0;
  bool hopeless_ = false;
};

// The first byte that is not part of well-formed UTF-8, or is a control character.
std::size_t first_bad_byte(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80U) {
      if ((c < 0x20U && c != '\n' && c != '\r' && c != '\t') || c == 0x7fU) return i;
      ++i;
      continue;
    }
    const std::size_t size = c >= 0xf0U ? 4U : c >= 0xe0U ? 3U : 2U;
    if (c < 0xc2U || c > 0xf4U || i + size > text.size()) return i;
    const auto second = static_cast<unsigned char>(text[i + 1]);
    // Overlong forms, surrogates, and beyond U+10FFFF.
    if ((c == 0xe0U && second < 0xa0U) || (c == 0xedU && second > 0x9fU) ||
        (c == 0xf0U && second < 0x90U) || (c == 0xf4U && second > 0x8fU)) {
      return i;
    }
    for (std::size_t k = 1; k < size; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0U) != 0x80U) return i;
    }
    i += size;
  }
  return text.size();
}

bool check_text(const SourceText& source, Diagnostics& diagnostics) {
  const std::string& text = source.text();
  if (text.size() > kYamlBytesMax) {
    diagnostics.file_error(source.path(), Code::kFileUnreadable,
                           fmt::format("it is larger than {} KiB", kYamlBytesMax >> 10U));
    return false;
  }
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    diagnostics.file_error(source.path(), Code::kBadText, "the file is UTF-16; save it as UTF-8");
    return false;
  }
  const std::size_t bad = first_bad_byte(text);
  if (bad == text.size()) return true;
  const auto byte = static_cast<unsigned char>(text[bad]);
  // The line is not shown: a terminal must not get these bytes.
  const LineColumn at = source.line_column(bad);
  diagnostics.file_error(
      fmt::format("{}:{}:{}", source.path(), at.line, at.column), Code::kBadText,
      byte < 0x80U ? fmt::format("control character 0x{:02x} is not allowed", byte)
                   : fmt::format("byte 0x{:02x} is not UTF-8; save the file as UTF-8", byte));
  return false;
}

std::string parse_hint(const SourceText& source, std::size_t offset, std::string_view message,
                       std::optional<Place> open_bracket) {
  const LineColumn at = source.line_column(offset);
  const std::size_t begin = source.line_start(at.line);
  const std::string line = source.text().substr(begin, source.line_start(at.line + 1) - begin);
  const std::size_t first = line.find_first_not_of(" \t");
  if (line.substr(0, std::min(first, line.size())).find('\t') != std::string::npos) {
    return "tabs cannot indent YAML: use blanks";
  }
  if (line.find("${") != std::string::npos && line.find('{') != std::string::npos) {
    return "inside of { } a ${...} needs quotes";
  }
  if (message.find("illegal map value") != std::string_view::npos) {
    return "a value that holds ': ' needs quotes";
  }
  if (message.find("flow not found") != std::string_view::npos) {
    if (line.find(" #>") != std::string::npos) {
      return "' #' begins a comment: put the expression in quotes";
    }
    const std::size_t open = line.find('(');
    if (open != std::string::npos && line.find(',', open) != std::string::npos) {
      return "inside of { } a comma ends a value: put the expression in quotes";
    }
    if (!open_bracket) return "a { or [ is not closed";
    return fmt::format("the {} of line {} is not closed", source.text()[open_bracket->offset],
                       source.line_column(open_bracket->offset).line);
  }
  if (message.find("alias") != std::string_view::npos ||
      message.find("anchor") != std::string_view::npos) {
    return "to YAML, * begins an alias: put the value in quotes, such as select: \"*\"";
  }
  if (message.find("unknown token") != std::string_view::npos) {
    return "no value begins with this character: put it in quotes";
  }
  if (message.find("not found") != std::string_view::npos) return "check the indent of this line";
  return {};
}

void report_parse_error(const SourceText& source, const YAML::Exception& e,
                        std::optional<Place> open_bracket, Diagnostics& diagnostics) {
  if (e.mark.is_null() || e.mark.pos < 0) {
    diagnostics.file_error(source.path(), Code::kBadYaml, "this is not YAML: " + e.msg);
    return;
  }
  auto at = static_cast<std::size_t>(e.mark.pos);
  // An error at the end of the file is shown on the last line that has something on it.
  const std::size_t last = source.text().find_last_not_of(" \t\r\n");
  if (last != std::string::npos && at > last + 1) at = last + 1;
  const std::string message = e.msg.empty() || e.msg == "bad file"
                                  ? std::string("it is nested too deeply or not closed")
                                  : e.msg;
  diagnostics.error(source, {static_cast<std::uint32_t>(at), 1}, Code::kBadYaml,
                    "this is not YAML: " + message, parse_hint(source, at, message, open_bracket));
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key.scalar == key) return &entry.value;
  }
  return nullptr;
}

YamlNode* YamlNode::find(std::string_view key) {
  return const_cast<YamlNode*>(std::as_const(*this).find(key));
}

std::optional<YamlNode> parse_yaml(const SourceText& source, Diagnostics& diagnostics) {
  if (!check_text(source, diagnostics)) return std::nullopt;
  TreeBuilder builder(source, diagnostics);
  try {
    std::istringstream in(source.text());
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    if (builder.hopeless()) return std::nullopt;
    YamlNode root = builder.take_root();
    Diagnostics ignored;
    TreeBuilder second(source, ignored);
    if (parser.HandleNextDocument(second)) {
      diagnostics.error(source, second.take_root().at, Code::kYamlFeature,
                        "a second document begins here: one file is one document",
                        "put it into a file of its own");
    }
    return root;
  } catch (const YAML::Exception& e) {
    if (!builder.hopeless()) {
      report_parse_error(source, e, builder.open_bracket(), diagnostics);
    }
  } catch (const std::exception& e) {
    diagnostics.file_error(source.path(), Code::kBadYaml,
                           std::string("this is not YAML: ") + e.what());
  }
  return std::nullopt;
}

}  // namespace weir
