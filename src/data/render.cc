#include "data/render.h"

#include <array>
#include <charconv>
#include <cmath>

namespace weir {
namespace {

struct Civil {
  int year;
  unsigned month, day;
};

// Days since 1970-01-01 and back in the proleptic Gregorian calendar (Howard Hinnant,
// "chrono-Compatible Low-Level Date Algorithms").
constexpr std::int64_t days_from_civil(int year, unsigned month, unsigned day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto yoe = static_cast<unsigned>(year - era * 400);
  const unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<std::int64_t>(doe) - 719468;
}

constexpr Civil civil_from_days(std::int64_t days) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto doe = static_cast<unsigned>(days - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  return {static_cast<int>(yoe) + static_cast<int>(era) * 400 + (month <= 2 ? 1 : 0), month,
          doy - (153 * mp + 2) / 5 + 1};
}

constexpr unsigned days_in_month(int year, unsigned month) {
  constexpr std::array<unsigned, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

void append_padded(std::string& out, unsigned value, int width) {
  std::array<char, 8> digits;
  for (int i = width; i-- > 0; value /= 10) {
    digits[static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
  }
  out.append(digits.data(), static_cast<std::size_t>(width));
}

void append_time(std::string& out, std::int64_t timestamp_us, char between) {
  std::int64_t seconds = timestamp_us / 1'000'000;
  std::int64_t micros = timestamp_us % 1'000'000;
  if (micros < 0) {
    micros += 1'000'000;
    --seconds;
  }
  std::int64_t days = seconds / 86'400;
  std::int64_t second = seconds % 86'400;
  if (second < 0) {
    second += 86'400;
    --days;
  }
  const Civil civil = civil_from_days(days);
  append_padded(out, static_cast<unsigned>(civil.year), 4);
  out += '-';
  append_padded(out, civil.month, 2);
  out += '-';
  append_padded(out, civil.day, 2);
  out += between;
  append_padded(out, static_cast<unsigned>(second / 3600), 2);
  out += ':';
  append_padded(out, static_cast<unsigned>(second / 60 % 60), 2);
  out += ':';
  append_padded(out, static_cast<unsigned>(second % 60), 2);
  if (micros != 0) {
    out += '.';
    append_padded(out, static_cast<unsigned>(micros), 6);
    while (out.back() == '0') out.pop_back();
  }
}

// Reads digits off the front of a text; ok turns false and stays so at the first mismatch.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}
  unsigned digits(int count) {
    unsigned value = 0;
    for (; count > 0; --count) {
      if (!peek_digit()) {
        ok = false;
        return 0;
      }
      value = value * 10 + static_cast<unsigned>(*at_++ - '0');
    }
    return value;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) { ok = take(c) && ok; }
  bool peek_digit() const { return at_ != end_ && *at_ >= '0' && *at_ <= '9'; }
  bool done() const { return at_ == end_; }
  bool ok = true;

 private:
  const char* at_;
  const char* end_;
};

// Micros of a fraction; the seventh digit rounds.
std::int64_t scan_fraction(Scanner& scan) {
  std::int64_t micros = 0;
  int places = 0;
  bool round_up = false;
  if (!scan.peek_digit()) scan.ok = false;
  while (scan.peek_digit()) {
    const unsigned digit = scan.digits(1);
    if (places < 6) micros = micros * 10 + digit;
    if (places == 6) round_up = digit >= 5;
    ++places;
  }
  for (; places < 6; ++places) micros *= 10;
  return round_up ? micros + 1 : micros;
}

std::int64_t scan_zone_seconds(Scanner& scan) {
  if (scan.done() || scan.take('Z') || scan.take('z')) return 0;
  scan.take(' ');
  if (scan.take('Z')) return 0;
  const bool west = scan.take('-');
  if (!west) scan.expect('+');
  const unsigned hours = scan.digits(2);
  unsigned minutes = 0;
  if (scan.take(':') || scan.peek_digit()) minutes = scan.digits(2);
  if (hours > 15 || minutes > 59) scan.ok = false;
  const auto seconds = static_cast<std::int64_t>(hours * 3600 + minutes * 60);
  return west ? -seconds : seconds;
}

}  // namespace

void append_rfc3339(std::string& out, std::int64_t timestamp_us) {
  append_time(out, timestamp_us, 'T');
  out += 'Z';
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  Scanner scan(text);
  const unsigned year = scan.digits(4);
  scan.expect('-');
  const unsigned month = scan.digits(2);
  scan.expect('-');
  const unsigned day = scan.digits(2);
  if (!scan.ok || year < 1 || month < 1 || month > 12 || day < 1 ||
      day > days_in_month(static_cast<int>(year), month)) {
    return std::nullopt;
  }
  const std::int64_t days = days_from_civil(static_cast<int>(year), month, day);
  if (scan.done()) return days * 86'400'000'000;
  if (!scan.take('T') && !scan.take('t')) scan.expect(' ');
  const unsigned hour = scan.digits(2);
  scan.expect(':');
  const unsigned minute = scan.digits(2);
  unsigned second = 0;
  std::int64_t micros = 0;
  if (scan.take(':')) {
    second = scan.digits(2);
    if (scan.take('.')) micros = scan_fraction(scan);
  }
  const std::int64_t zone = scan_zone_seconds(scan);
  // Second 60 is a leap second; PostgreSQL folds it into the next minute as well.
  if (!scan.ok || !scan.done() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t seconds =
      days * 86'400 + static_cast<std::int64_t>(hour * 3600 + minute * 60 + second) - zone;
  return seconds * 1'000'000 + micros;
}

void append_double(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
  } else {
    // The shortest digits; PostgreSQL writes an exponent below 1e-4 and from 1e15 on.
    std::array<char, 32> buffer;
    const auto print = [&](std::chars_format format) {
      const auto [end, error] =
          std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format);
      return std::string_view(buffer.data(), error == std::errc{} ? end : buffer.data());
    };
    const double size = std::fabs(value);
    const bool plain = value == 0 || (size >= 1e-4 && size < 1e15);
    out += print(plain ? std::chars_format::fixed : std::chars_format::scientific);
  }
}

void append_text(std::string& out, const Column& column, RowIndex row) {
  switch (column.type().kind) {
    case TypeKind::kBoolean:
      out += column.values<std::uint8_t>()[row] != 0 ? "true" : "false";
      return;
    case TypeKind::kInteger:
      out += std::to_string(column.values<std::int32_t>()[row]);
      return;
    case TypeKind::kBigint:
      out += std::to_string(column.values<std::int64_t>()[row]);
      return;
    case TypeKind::kDouble:
      append_double(out, column.values<double>()[row]);
      return;
    case TypeKind::kNumeric:
      append_numeric(out, column.values<Numeric>()[row]);
      return;
    case TypeKind::kText:
    case TypeKind::kJsonb:
      out += column.values<std::string_view>()[row];
      return;
    case TypeKind::kTimestamptz:
      append_time(out, column.values<std::int64_t>()[row], ' ');
      out += "+00";
      return;
    case TypeKind::kBytea:
      out += "\\x";
      for (const char c : column.values<std::string_view>()[row]) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        out += kDigits[static_cast<unsigned char>(c) >> 4U];
        out += kDigits[static_cast<unsigned char>(c) & 15U];
      }
      return;
  }
}

}  // namespace weir
