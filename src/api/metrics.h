#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

enum class MetricKind : unsigned char { kCounter, kGauge };

using MetricLabels = std::vector<std::pair<std::string_view, std::string_view>>;

/// Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/): metrics by name, each with its
/// help and kind once, whoever brought its samples. Thread: its owner's.
class MetricsPage {
 public:
  /// `name` has its unit last; a counter's ends in _total.
  void add(std::string_view name, MetricKind kind, std::string_view help,
           const MetricLabels& labels, double value);
  /// What another process rendered; lines that are none of the format are left out.
  void add_page(std::string_view text);

  std::string render() const;

 private:
  struct Metric {
    std::string head;  // HELP and TYPE
    std::string samples;
  };
  std::map<std::string, Metric, std::less<>> metrics_;
};

/// The `Content-Type` of render().
constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace weir
