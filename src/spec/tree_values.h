#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/references.h"
#include "spec/source_text.h"
#include "spec/weir_config.h"
#include "spec/yaml.h"

namespace weir {

// Typed values of a tree that check_fields went over: what is absent or bad is simply not there.

/// The value of `key` when it is there, usable and not empty; else null. `map` may be null.
const YamlNode* usable(const YamlNode* map, std::string_view key);

std::optional<Located<std::string>> text_of(const YamlNode* map, std::string_view key);
/// One text or a list of texts; those that are bad are left out.
std::vector<std::string> texts_of(const YamlNode* map, std::string_view key);
std::optional<std::uint64_t> count_of(const YamlNode* map, std::string_view key);
std::optional<std::uint64_t> size_of(const YamlNode* map, std::string_view key);
std::optional<std::chrono::microseconds> duration_of(const YamlNode* map, std::string_view key);
SqlText sql_of(const SourceText& source, const YamlNode* map, std::string_view key);

/// The value that belongs to the word at `key`.
template <class T, std::size_t N>
std::optional<Located<T>> choice_of(const YamlNode* map, std::string_view key,
                                    const std::array<std::pair<std::string_view, T>, N>& words) {
  const std::optional<Located<std::string>> text = text_of(map, key);
  if (!text) return std::nullopt;
  for (const auto& [word, value] : words) {
    if (word == **text) return Located<T>{value, text->at, true};
  }
  return std::nullopt;
}

/// `limits:`, over what stands in `limits` already.
void read_limits(const YamlNode* map, LimitsSpec& limits);
/// `restart:`, likewise.
void read_restart(const YamlNode* map, RestartSpec& restart);

/// Turns the common parts of job files and weir.yaml into values, with the mistakes that only show
/// when several keys are seen together.
class KafkaReader {
 public:
  KafkaReader(const SourceText& source, const References& references, Diagnostics& diagnostics)
      : source_(source), references_(references), diagnostics_(diagnostics) {}

  /// `brokers:` of `map`.
  std::vector<std::string> brokers(const YamlNode* map) const;
  /// `properties:` of `map`; those that weir owns are refused.
  KafkaProperties properties(const YamlNode* map) const;
  /// `security:` of the cluster `name`.
  SecurityConfig security(const YamlNode* map, const std::string& name) const;
  SecretText secret(const YamlNode* map, std::string_view key, bool always_secret) const;

 private:
  void check_security(const YamlNode& map, const SecurityConfig& security,
                      const std::string& name) const;
  /// Reports a key that is missing, and what needs it.
  using Need = std::function<void(std::string_view key, std::string_view with)>;
  void check_login(const YamlNode& map, const SecurityConfig& security, const Need& need) const;

  const SourceText& source_;
  const References& references_;
  Diagnostics& diagnostics_;
};

/// Why a librdkafka property cannot be set; empty when it can.
std::string_view owned_property(std::string_view name);

}  // namespace weir
