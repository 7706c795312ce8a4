#include "api/metrics.h"

#include <fmt/format.h>

namespace weir {
namespace {

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

// Of "weir_lag_records{job="a"} 1", or of "# TYPE weir_lag_records gauge".
std::string_view name_of(std::string_view line) {
  if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) line.remove_prefix(7);
  return line.substr(0, line.find_first_of("{ "));
}

}  // namespace

void MetricsPage::add(std::string_view name, MetricKind kind, std::string_view help,
                      const MetricLabels& labels, double value) {
  Metric& metric = metrics_[std::string(name)];
  if (metric.head.empty()) {
    metric.head = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                              kind == MetricKind::kCounter ? "counter" : "gauge");
  }
  metric.samples += name;
  std::string_view before = "{";
  for (const auto& [label, text] : labels) {
    metric.samples += fmt::format("{}{}=\"{}\"", before, label, escaped(text));
    before = ",";
  }
  if (!labels.empty()) metric.samples += "}";
  metric.samples += fmt::format(" {}\n", value);
}

void MetricsPage::add_page(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view name = name_of(line);
    if (!name.starts_with("weir_")) continue;
    Metric& metric = metrics_[std::string(name)];
    if (line.starts_with('#')) {
      // The first that brings it; help stands before kind.
      const bool has = metric.head.find(line.substr(0, 6)) != std::string::npos;
      if (!has) metric.head += std::string(line) + "\n";
    } else {
      metric.samples += std::string(line) + "\n";
    }
  }
}

std::string MetricsPage::render() const {
  std::string out;
  for (const auto& [name, metric] : metrics_) out += metric.head + metric.samples;
  return out;
}

}  // namespace weir
