#include "data/render.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "data/base64.h"
#include "data/calendar.h"

namespace weir {
namespace {

// Writes digits in place; a buffer of 48 holds every timestamp.
class Pen {
 public:
  explicit Pen(char* at) : at_(at) {}
  void put(char c) { *at_++ = c; }
  void two(unsigned value) {
    *at_++ = static_cast<char>('0' + value / 10);
    *at_++ = static_cast<char>('0' + value % 10);
  }
  /// At least four digits.
  void year(unsigned value) {
    if (value < 10'000) {
      two(value / 100);
      two(value % 100);
    } else {
      at_ = std::to_chars(at_, at_ + 12, value).ptr;
    }
  }
  /// Without the zeros at the end.
  void fraction(unsigned micros) {
    put('.');
    for (unsigned unit = 100'000; micros != 0; micros %= unit, unit /= 10) {
      put(static_cast<char>('0' + micros / unit));
      if (unit == 1) break;
    }
  }
  char* at() const { return at_; }

 private:
  char* at_;
};

struct Split {
  std::int64_t days;
  unsigned second;  // of the day
  unsigned micros;
};

Split split(std::int64_t time_us) {
  const std::int64_t days = day_of_micros(time_us);
  // Not days * kMicrosPerDay, which the lowest time of all would overflow.
  const std::int64_t cut = time_us % kMicrosPerDay;
  const std::int64_t rest = cut < 0 ? cut + kMicrosPerDay : cut;
  return {days, static_cast<unsigned>(rest / kMicrosPerSecond),
          static_cast<unsigned>(rest % kMicrosPerSecond)};
}

// `year` as it shall be printed.
void put_date(Pen& pen, const CivilDate& date, unsigned year) {
  pen.year(year);
  pen.put('-');
  pen.two(date.month);
  pen.put('-');
  pen.two(date.day);
}

void append_time(std::string& out, const Split& time, const CivilDate& date, unsigned year,
                 char between) {
  std::array<char, 48> buffer;
  Pen pen(buffer.data());
  put_date(pen, date, year);
  pen.put(between);
  pen.two(time.second / 3600);
  pen.put(':');
  pen.two(time.second / 60 % 60);
  pen.put(':');
  pen.two(time.second % 60);
  if (time.micros != 0) pen.fraction(time.micros);
  out.append(buffer.data(), static_cast<std::size_t>(pen.at() - buffer.data()));
}

// As PostgreSQL: years before 1 count backwards from 1 BC.
unsigned year_of_era(const CivilDate& date) {
  return static_cast<unsigned>(date.year < 1 ? 1 - date.year : date.year);
}

void append_era(std::string& out, const CivilDate& date) {
  if (date.year < 1) out += " BC";
}

void append_date(std::string& out, std::int32_t days) {
  const CivilDate date = civil_from_days(days);
  std::array<char, 48> buffer;
  Pen pen(buffer.data());
  put_date(pen, date, year_of_era(date));
  out.append(buffer.data(), static_cast<std::size_t>(pen.at() - buffer.data()));
  append_era(out, date);
}

// `zone` is "+00", or empty for a time without one.
void append_sql_time(std::string& out, std::int64_t time_us, std::string_view zone) {
  const Split time = split(time_us);
  const CivilDate date = civil_from_days(time.days);
  append_time(out, time, date, year_of_era(date), ' ');
  out += zone;
  append_era(out, date);
}

template <class Int>
void append_integer(std::string& out, Int value) {
  std::array<char, 24> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
}

// The shape that nearly all timestamps have: 2026-11-22T10:40:00Z, or with .000Z; -1 for any other
// text, which the Scanner then reads.
std::int64_t parse_usual(const char* at, std::size_t size) {
  if ((size != 20 && size != 24) || at[4] != '-' || at[7] != '-' || at[13] != ':' ||
      at[16] != ':' || at[size - 1] != 'Z' || (at[10] != 'T' && at[10] != ' ')) {
    return -1;
  }
  unsigned wrong = 0;
  const auto digit = [&](std::size_t place) {
    const auto value = static_cast<unsigned>(static_cast<unsigned char>(at[place])) - '0';
    wrong |= value > 9 ? 1U : 0U;
    return value;
  };
  const auto two = [&](std::size_t place) { return digit(place) * 10 + digit(place + 1); };
  const unsigned year = two(0) * 100 + two(2);
  const unsigned month = two(5);
  const unsigned day = two(8);
  const unsigned hour = two(11);
  const unsigned minute = two(14);
  const unsigned second = two(17);
  unsigned millis = 0;
  if (size == 24) {
    if (at[19] != '.') return -1;
    millis = digit(20) * 100 + two(21);
  }
  // Years before 1970 would give negative numbers; days past the 28th ask for the calendar.
  if (wrong != 0 || year < 1970 || month - 1 > 11 || day - 1 > 30 || hour > 23 || minute > 59 ||
      second > 59 || (day > 28 && day > days_in_month(static_cast<int>(year), month))) {
    return -1;
  }
  const std::int64_t seconds = days_from_civil(static_cast<int>(year), month, day) * 86'400 +
                               static_cast<std::int64_t>(hour * 3600 + minute * 60 + second);
  return seconds * kMicrosPerSecond + static_cast<std::int64_t>(millis) * 1000;
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

// A time as it is written, and the seconds that its zone is ahead of UTC.
struct WrittenTime {
  std::int64_t micros = 0;
  std::int64_t zone_seconds = 0;
};

std::optional<WrittenTime> scan_time(std::string_view text) {
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
  if (scan.done()) return WrittenTime{days * kMicrosPerDay, 0};
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
      days * 86'400 + static_cast<std::int64_t>(hour * 3600 + minute * 60 + second);
  return WrittenTime{seconds * kMicrosPerSecond + micros, zone};
}

std::optional<std::int64_t> within_years(std::int64_t micros) {
  return is_time(micros) ? std::optional(micros) : std::nullopt;
}

// PostgreSQL's limits for an exponent; to_chars alone would choose the shorter form, 1e+05.
template <class Float>
void append_float(std::string& out, Float value, Float plain_end) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  const Float size = std::abs(value);
  const bool plain = value == 0 || (size >= static_cast<Float>(1e-4) && size < plain_end);
  std::array<char, 32> buffer;
  const auto written =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  out.append(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
}

}  // namespace

void append_rfc3339(std::string& out, std::int64_t timestamp_us) {
  append_iso_local(out, timestamp_us);
  out += 'Z';
}

void append_iso_local(std::string& out, std::int64_t timestamp_us) {
  const Split time = split(timestamp_us);
  const CivilDate date = civil_from_days(time.days);
  // ISO 8601's expanded years: 0 is 1 BC, -1 is 2 BC.
  if (date.year < 0) out += '-';
  append_time(out, time, date, static_cast<unsigned>(std::abs(date.year)), 'T');
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  if (const std::int64_t usual = parse_usual(text.data(), text.size()); usual >= 0) return usual;
  const std::optional<WrittenTime> time = scan_time(text);
  if (!time) return std::nullopt;
  return within_years(time->micros - time->zone_seconds * kMicrosPerSecond);
}

std::optional<std::int64_t> parse_local_timestamp(std::string_view text) {
  const std::optional<WrittenTime> time = scan_time(text);
  return time ? within_years(time->micros) : std::nullopt;
}

std::optional<std::int32_t> parse_date(std::string_view text) {
  const std::optional<std::int64_t> time = parse_local_timestamp(text);
  if (!time) return std::nullopt;
  // What is rounded up to the next midnight is still a time of the day that is written.
  return static_cast<std::int32_t>(day_of_micros(scan_time(text.substr(0, 10))->micros));
}

void append_double(std::string& out, double value) { append_float(out, value, 1e15); }
void append_real(std::string& out, float value) { append_float(out, value, 1e6F); }

void append_text(std::string& out, const Column& column, RowIndex row) {
  switch (column.type().kind) {
    case TypeKind::kBoolean:
      out += column.values<std::uint8_t>()[row] != 0 ? "true" : "false";
      return;
    case TypeKind::kSmallint:
      append_integer(out, column.values<std::int16_t>()[row]);
      return;
    case TypeKind::kInteger:
      append_integer(out, column.values<std::int32_t>()[row]);
      return;
    case TypeKind::kBigint:
      append_integer(out, column.values<std::int64_t>()[row]);
      return;
    case TypeKind::kReal:
      append_real(out, column.values<float>()[row]);
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
    case TypeKind::kDate:
      append_date(out, column.values<std::int32_t>()[row]);
      return;
    case TypeKind::kTimestamp:
      append_sql_time(out, column.values<std::int64_t>()[row], "");
      return;
    case TypeKind::kTimestamptz:
      append_sql_time(out, column.values<std::int64_t>()[row], "+00");
      return;
    case TypeKind::kInterval:
      append_interval(out, column.values<Interval>()[row]);
      return;
    case TypeKind::kUuid:
      append_uuid(out, column.values<Uuid>()[row]);
      return;
    case TypeKind::kBytea:
      out += "\\x";
      append_hex(out, column.values<std::string_view>()[row]);
      return;
  }
}

}  // namespace weir
