#include <charconv>
#include <cmath>
#include <limits>

#include "data/calendar.h"
#include "data/interval.h"
#include "data/time_unit.h"

namespace weir {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The word that turns a whole interval around.
bool is_ago(std::string_view word) {
  return word.size() == 3 && (word[0] | 0x20) == 'a' && (word[1] | 0x20) == 'g' &&
         (word[2] | 0x20) == 'o';
}

// A number as it stands in the text, both halves with its sign.
struct Amount {
  std::int64_t whole = 0;
  double fraction = 0;
};

// Adds amounts of units up; false as soon as a part overflows or a unit comes twice.
class Sum {
 public:
  bool add(Amount amount, TimeUnit unit) {
    const unsigned bit = 1U << static_cast<unsigned>(unit);
    if ((seen_ & bit) != 0) return false;
    seen_ |= bit;
    switch (unit) {
      case TimeUnit::kMicrosecond:
        return micros(amount, 1);
      case TimeUnit::kMillisecond:
        return micros(amount, 1000);
      case TimeUnit::kSecond:
        return micros(amount, kMicrosPerSecond);
      case TimeUnit::kMinute:
        return micros(amount, kMicrosPerMinute);
      case TimeUnit::kHour:
        return micros(amount, kMicrosPerHour);
      case TimeUnit::kDay:
        return days(amount, 1);
      case TimeUnit::kWeek:
        return days(amount, 7);
      case TimeUnit::kMonth:
        return months(amount.whole, 1) && days({0, amount.fraction}, 30);
      case TimeUnit::kYear:
        return years(amount, 1);
      case TimeUnit::kDecade:
        return years(amount, 10);
      case TimeUnit::kCentury:
        return years(amount, 100);
      case TimeUnit::kMillennium:
        return years(amount, 1000);
      default:
        return false;
    }
  }

  Interval interval;

 private:
  bool micros(Amount amount, std::int64_t unit) {
    const double fraction = amount.fraction * static_cast<double>(unit);
    auto rest = static_cast<std::int64_t>(fraction);
    const double left = fraction - static_cast<double>(rest);
    rest += left > 0.5 ? 1 : left < -0.5 ? -1 : 0;
    std::int64_t whole = 0;
    return !__builtin_mul_overflow(amount.whole, unit, &whole) &&
           !__builtin_add_overflow(interval.micros, whole, &interval.micros) &&
           !__builtin_add_overflow(interval.micros, rest, &interval.micros);
  }
  bool days(Amount amount, std::int64_t unit) {
    const double fraction = amount.fraction * static_cast<double>(unit);
    const auto extra = static_cast<std::int32_t>(fraction);
    std::int64_t whole = 0;
    return !__builtin_mul_overflow(amount.whole, unit, &whole) &&
           !__builtin_add_overflow(interval.days, whole, &interval.days) &&
           !__builtin_add_overflow(interval.days, extra, &interval.days) &&
           micros({0, fraction - extra}, kMicrosPerDay);
  }
  bool months(std::int64_t count, std::int64_t unit) {
    std::int64_t whole = 0;
    return !__builtin_mul_overflow(count, unit, &whole) &&
           !__builtin_add_overflow(interval.months, whole, &interval.months);
  }
  bool years(Amount amount, int unit) {
    const auto extra = static_cast<std::int64_t>(std::rint(amount.fraction * unit * 12));
    return months(amount.whole, std::int64_t{unit} * 12) && months(extra, 1);
  }

  unsigned seen_ = 0;
};

class IntervalReader {
 public:
  explicit IntervalReader(std::string_view text) : text_(text) {}

  std::optional<Interval> read() {
    skip();
    const bool done = peek() == 'P' || peek() == 'p' ? iso() : words();
    return done ? std::optional(sum_.interval) : std::nullopt;
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool done() const { return at_ >= text_.size(); }
  void skip() {
    while (!done() && is_blank(text_[at_])) ++at_;
  }
  bool sign() {
    const bool negative = peek() == '-';
    if (negative || peek() == '+') ++at_;
    return negative;
  }
  bool digits(std::int64_t& out) {
    const char* const from = text_.data() + at_;
    const auto [end, error] = std::from_chars(from, text_.data() + text_.size(), out);
    if (!is_digit(peek()) || error != std::errc{}) return false;
    at_ += static_cast<std::size_t>(end - from);
    return true;
  }
  // Of `.25`, when it is there.
  double fraction() {
    if (peek() != '.') return 0;
    const std::size_t from = at_++;
    while (is_digit(peek())) ++at_;
    double value = 0;
    std::from_chars(text_.data() + from, text_.data() + at_, value, std::chars_format::fixed);
    return value;
  }
  bool amount(Amount& out) {
    skip();
    const bool negative = sign();
    skip();
    if (peek() == '.' ? !is_digit(peek(1)) : !digits(out.whole)) return false;
    out.fraction = fraction();
    if (negative) out = {-out.whole, -out.fraction};
    return true;
  }

  // P1Y2M3DT4H5M6.7S
  bool iso() {
    ++at_;
    bool time = false;
    bool any = false;
    while (!done()) {
      if (peek() == 'T' || peek() == 't') {
        if (time) return false;
        time = true;
        ++at_;
      }
      Amount value;
      if (!amount(value) || done()) return false;
      const std::string_view units = time ? "HMS" : "YMWD";
      constexpr TimeUnit kOfTime[] = {TimeUnit::kHour, TimeUnit::kMinute, TimeUnit::kSecond};
      constexpr TimeUnit kOfDate[] = {TimeUnit::kYear, TimeUnit::kMonth, TimeUnit::kWeek,
                                      TimeUnit::kDay};
      const std::size_t found = units.find(static_cast<char>(text_[at_++] & ~0x20));
      if (found == std::string_view::npos) return false;
      if (!sum_.add(value, time ? kOfTime[found] : kOfDate[found])) return false;
      any = true;
    }
    return any;
  }

  bool words() {
    bool any = false;
    bool turned = false;
    if (peek() == '@') ++at_;
    for (skip(); !done(); skip()) {
      if (is_letter(peek())) {
        if (!is_ago(word())) return false;
        turned = true;
      } else if (part()) {
        any = true;
      } else {
        return false;
      }
    }
    if (!any || !turned) return any;
    const std::optional<Interval> other = negated(sum_.interval);
    if (other) sum_.interval = *other;
    return other.has_value();
  }

  // A number and its unit, a time, years and months, or a number that has no unit.
  bool part() {
    const bool negative = sign();
    skip();
    Amount value;
    if (peek() != '.' && !digits(value.whole)) return false;
    if (peek() == ':') return time(value.whole, negative);
    if (peek() == '-' && is_digit(peek(1))) return years_and_months(value.whole, negative);
    if (peek() == '.' && !is_digit(peek(1)) && !is_digit(at_ > 0 ? text_[at_ - 1] : '\0')) {
      return false;
    }
    value.fraction = fraction();
    if (negative) value = {-value.whole, -value.fraction};
    skip();
    if (is_letter(peek())) {
      const std::optional<TimeUnit> unit = find_time_unit(word());
      return unit && sum_.add(value, *unit);
    }
    // Days in front of a time, else seconds, which nothing may follow.
    return sum_.add(value, done() ? TimeUnit::kSecond : TimeUnit::kDay) && (done() || is_time());
  }

  std::string_view word() {
    const std::size_t from = at_;
    while (is_letter(peek())) ++at_;
    return text_.substr(from, at_ - from);
  }

  bool is_time() const {
    std::size_t at = at_ + (peek() == '-' || peek() == '+' ? 1 : 0);
    while (at < text_.size() && is_digit(text_[at])) ++at;
    return at < text_.size() && text_[at] == ':';
  }

  // Behind `hours`: `:05`, `:05:06.7`; with two parts and a fraction they are minutes and seconds.
  bool time(std::int64_t first, bool negative) {
    std::int64_t second = 0;
    std::int64_t third = 0;
    ++at_;
    if (!digits(second)) return false;
    Amount hours{first, 0};
    Amount minutes{second, 0};
    Amount seconds;
    if (peek() == ':') {
      ++at_;
      if (!digits(third)) return false;
      seconds = {third, fraction()};
    } else if (peek() == '.') {
      hours.whole = 0;
      minutes.whole = first;
      seconds = {second, fraction()};
    }
    if (minutes.whole > 59 || seconds.whole > 60) return false;
    const auto put = [&](Amount amount, TimeUnit unit) {
      return sum_.add(negative ? Amount{-amount.whole, -amount.fraction} : amount, unit);
    };
    return put(hours, TimeUnit::kHour) && put(minutes, TimeUnit::kMinute) &&
           put(seconds, TimeUnit::kSecond);
  }

  bool years_and_months(std::int64_t years, bool negative) {
    ++at_;
    std::int64_t months = 0;
    // Three numbers are a date.
    if (!digits(months) || months >= 12 || years > std::numeric_limits<std::int32_t>::max() ||
        (!done() && !is_blank(peek()))) {
      return false;
    }
    const std::int64_t all = years * 12 + months;
    return sum_.add({negative ? -all : all, 0}, TimeUnit::kMonth);
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  Sum sum_;
};

}  // namespace

std::optional<Interval> parse_interval(std::string_view text) {
  return IntervalReader(text).read();
}

}  // namespace weir
