#include "spec/references.h"

#include <fmt/format.h>

namespace weir {
namespace {

// One scalar on its way through its references.
class Resolver {
 public:
  Resolver(const SourceText& source, const YamlNode& scalar, const References& references,
           bool allow_file, Diagnostics& diagnostics)
      : source_(source),
        scalar_(scalar),
        references_(references),
        allow_file_(allow_file),
        diagnostics_(diagnostics) {}

  std::optional<std::vector<SecretText::Part>> run() {
    const std::string& text = scalar_.scalar;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t dollar = text.find('$', at);
      literal(text.substr(at, dollar == std::string::npos ? dollar : dollar - at));
      if (dollar == std::string::npos) break;
      if (text.compare(dollar, 3, "$${") == 0) {
        literal("${");
        at = dollar + 3;
      } else if (text.compare(dollar, 2, "${") == 0) {
        const std::size_t close = text.find('}', dollar);
        if (close == std::string::npos) {
          fail(dollar, text.size() - dollar, "\"${\" has no \"}\"", "");
          break;
        }
        reference(dollar, text.substr(dollar + 2, close - dollar - 2));
        at = close + 1;
      } else {
        literal("$");
        at = dollar + 1;
      }
    }
    if (failed_) return std::nullopt;
    return std::move(parts_);
  }

 private:
  void literal(std::string_view text) {
    if (text.empty()) return;
    if (parts_.empty() || parts_.back().is_file) parts_.push_back({false, {}});
    parts_.back().text += text;
  }

  void fail(std::size_t at, std::size_t length, std::string message, std::string hint) {
    failed_ = true;
    const SqlText text(scalar_.scalar, scalar_.at, scalar_offsets(source_, scalar_));
    diagnostics_.error(source_, text.place(at, length), Code::kBadReference, std::move(message),
                       std::move(hint));
  }

  void reference(std::size_t at, const std::string& inner) {
    const std::size_t length = inner.size() + 3;
    const std::size_t colon = inner.find(':');
    const std::string kind = inner.substr(0, colon);
    const std::string name = colon == std::string::npos ? "" : inner.substr(colon + 1);
    if ((kind != "env" && kind != "file" && kind != "param") || name.empty()) {
      fail(at, length, fmt::format("\"${{{}}}\" is no reference", inner),
           "one of ${env:NAME}, ${file:/path}, ${param:name}; $${ for the characters themselves");
    } else if (kind == "env") {
      const std::optional<std::string> value = references_.env(name);
      if (!value) {
        fail(at, length, fmt::format("the environment variable \"{}\" is not set", name), "");
      } else {
        literal(*value);
      }
    } else if (kind == "param") {
      param(at, length, name);
    } else if (!allow_file_) {
      fail(at, length, "a ${file:...} is a secret and cannot stand here",
           "only in `security` and `properties`");
    } else {
      parts_.push_back({true, name});
    }
  }

  void param(std::size_t at, std::size_t length, const std::string& name) {
    const auto found = references_.params.find(name);
    if (found != references_.params.end()) {
      literal(found->second);
      return;
    }
    std::vector<std::string_view> known;
    for (const auto& [known_name, value] : references_.params) known.push_back(known_name);
    fail(at, length, fmt::format("there is no parameter \"{}\"", name), did_you_mean(name, known));
  }

  const SourceText& source_;
  const YamlNode& scalar_;
  const References& references_;
  const bool allow_file_;
  Diagnostics& diagnostics_;
  std::vector<SecretText::Part> parts_;
  bool failed_ = false;
};

}  // namespace

std::optional<std::vector<SecretText::Part>> resolve_references(const SourceText& source,
                                                                const YamlNode& scalar,
                                                                const References& references,
                                                                bool allow_file,
                                                                Diagnostics& diagnostics) {
  return Resolver(source, scalar, references, allow_file, diagnostics).run();
}

}  // namespace weir
