#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "data/json.h"
#include "data/json_scan.h"
#include "data/record.h"

namespace weir {
namespace {

using json_scan::is_digit;

constexpr std::string_view kTooDeep = "nested deeper than 256 levels";
static_assert(kJsonDepthMax == 256);

// The order of object keys: by length, then bytes.
bool key_less(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// Recognises text that is canonical already, which most of what is read is but for white space. It
// may say no to some that is: strings with escapes, numbers that are not plain integers.
class CanonicalCheck {
 public:
  explicit CanonicalCheck(std::string_view text)
      : text_(text), end_(text.data() + text.size()), seen_(0) {}

  bool passes() {
    return value(text_.data(), 0) == end_ && (seen_ & json_scan::kEscapes) == 0 &&
           ((seen_ & json_scan::kNonAscii) == 0 || is_utf8(text_));
  }

 private:
  // Each gives where the value ends, or nullptr.
  const char* value(const char* at, int depth) {
    if (at >= end_) return nullptr;
    switch (*at) {
      case '"':
        return string(at);
      case '{':
        return object(at + 1, depth + 1);
      case '[':
        return array(at + 1, depth + 1);
      case 't':
      case 'f':
      case 'n':
        return json_scan::word_end(at, end_);
      default:
        return integer(at);
    }
  }
  const char* string(const char* at) {
    const char* const close = json_scan::string_end(at + 1, end_, seen_);
    return close == nullptr ? nullptr : close + 1;
  }
  const char* integer(const char* at) {
    const char* const stop = json_scan::number_end(at, end_);
    if (stop == nullptr || (stop < end_ && *stop == '.')) return nullptr;
    const std::string_view token(at, static_cast<std::size_t>(stop - at));
    return token == "-0" || token.find_first_of(".eE") != std::string_view::npos ? nullptr : stop;
  }
  const char* array(const char* at, int depth) {
    if (depth > kJsonDepthMax) return nullptr;
    if (at < end_ && *at == ']') return at + 1;
    while (true) {
      at = value(at, depth);
      if (at == nullptr || at >= end_) return nullptr;
      if (*at == ']') return at + 1;
      if (*at++ != ',') return nullptr;
    }
  }
  const char* object(const char* at, int depth) {
    if (depth > kJsonDepthMax) return nullptr;
    if (at < end_ && *at == '}') return at + 1;
    std::string_view before;
    for (bool first = true;; first = false) {
      if (at >= end_ || *at != '"') return nullptr;
      const char* const stop = string(at);
      if (stop == nullptr || stop >= end_ || *stop != ':') return nullptr;
      const std::string_view key(at + 1, static_cast<std::size_t>(stop - at) - 2);
      if (!first && !key_less(before, key)) return nullptr;
      before = key;
      at = value(stop + 1, depth);
      if (at == nullptr || at >= end_) return nullptr;
      if (*at == '}') return at + 1;
      if (*at++ != ',') return nullptr;
    }
  }

  const std::string_view text_;
  const char* const end_;
  unsigned seen_;
};

void append_utf8(std::string& out, unsigned point) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6U);
    put(0x80 | (point & 63U));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12U);
    put(0x80 | (point >> 6U & 63U));
    put(0x80 | (point & 63U));
  } else {
    put(0xf0 | point >> 18U);
    put(0x80 | (point >> 12U & 63U));
    put(0x80 | (point >> 6U & 63U));
    put(0x80 | (point & 63U));
  }
}

// Writes a number of RFC 8259's grammar without exponent, leading and trailing zeros; false when
// its exponent asks for more than kZerosMax of them.
bool append_plain_number(std::string& out, std::string_view token) {
  constexpr int kZerosMax = 1000;
  const bool negative = token.front() == '-';
  std::size_t at = negative ? 1 : 0;
  std::string digits;
  for (; at < token.size() && is_digit(token[at]); ++at) digits += token[at];
  auto point = static_cast<std::ptrdiff_t>(digits.size());
  if (at < token.size() && token[at] == '.') {
    for (++at; at < token.size() && is_digit(token[at]); ++at) digits += token[at];
  }
  if (at < token.size()) {
    const bool down = token[++at] == '-';
    if (!is_digit(token[at])) ++at;
    std::ptrdiff_t exponent = 0;
    for (; at < token.size(); ++at) {
      exponent = std::min<std::ptrdiff_t>(exponent * 10 + (token[at] - '0'), 1'000'000'000);
    }
    point += down ? -exponent : exponent;
  }
  const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, zeros);
  point -= static_cast<std::ptrdiff_t>(zeros);
  digits.resize(digits.find_last_not_of('0') + 1);
  if (digits.empty()) {
    out += '0';
    return true;
  }
  const auto size = static_cast<std::ptrdiff_t>(digits.size());
  if (point < -kZerosMax || point > size + kZerosMax) return false;
  if (negative) out += '-';
  if (point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-point), '0');
    out += digits;
  } else if (point >= size) {
    out += digits;
    out.append(static_cast<std::size_t>(point - size), '0');
  } else {
    out.append(digits, 0, static_cast<std::size_t>(point));
    out += '.';
    out.append(digits, static_cast<std::size_t>(point));
  }
  return true;
}

// Reads all of RFC 8259 strictly, knows where it fails, and writes the canonical text.
class Canonicalizer {
 public:
  explicit Canonicalizer(std::string_view text)
      : at_(text.data()), begin_(text.data()), end_(at_ + text.size()) {}

  bool run(int depth) {
    const std::string_view text(begin_, static_cast<std::size_t>(end_ - begin_));
    if (!is_utf8(text)) {
      at_ = begin_ + utf8_prefix(text);
      return fail("not UTF-8");
    }
    blanks();
    if (!value(depth)) return false;
    blanks();
    return at_ == end_ || fail("more text behind the value");
  }
  const std::string& out() const { return out_; }
  JsonMistake mistake() const { return {static_cast<std::size_t>(at_ - begin_), what_}; }

 private:
  struct Member {
    std::string key;  // unescaped
    std::size_t from, to;
  };

  bool fail(std::string_view what) {
    what_ = what;
    return false;
  }
  void blanks() { at_ = json_scan::skip_blanks(at_, end_); }
  char peek() const { return at_ < end_ ? *at_ : '\0'; }
  bool take(char c) {
    if (at_ >= end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  bool value(int depth) {
    if (at_ >= end_) return fail("the text ends where a value should be");
    switch (*at_) {
      case '"': {
        std::string text;
        if (!string(text)) return false;
        append_json_string(out_, text);
        return true;
      }
      case '{':
        return object(depth + 1);
      case '[':
        return array(depth + 1);
      default:
        return scalar();
    }
  }

  bool scalar() {
    if (is_digit(*at_) || *at_ == '-') {
      const char* const stop = json_scan::number_end(at_, end_);
      if (stop == nullptr) return fail("a number is malformed");
      if (stop < end_ && (is_digit(*stop) || *stop == '.' || *stop == '-' || *stop == '+')) {
        return fail("a number is malformed");
      }
      const std::string_view token(at_, static_cast<std::size_t>(stop - at_));
      if (!append_plain_number(out_, token)) return fail("a number's exponent is out of range");
      at_ = stop;
      return true;
    }
    const char* const stop = json_scan::word_end(at_, end_);
    if (stop == nullptr) return fail("a value should stand here");
    out_.append(at_, stop);
    at_ = stop;
    return true;
  }

  bool array(int depth) {
    if (depth > kJsonDepthMax) return fail(kTooDeep);
    ++at_;
    out_ += '[';
    blanks();
    for (bool first = true; !take(']'); first = false) {
      if (!first) {
        if (!take(',')) return fail("\",\" or \"]\" should stand here");
        out_ += ',';
        blanks();
      }
      if (!value(depth)) return false;
      blanks();
    }
    out_ += ']';
    return true;
  }

  bool object(int depth) {
    if (depth > kJsonDepthMax) return fail(kTooDeep);
    ++at_;
    out_ += '{';
    const std::size_t begin = out_.size();
    std::vector<Member> members;
    blanks();
    for (bool first = true; !take('}'); first = false) {
      if (!first) {
        if (!take(',')) return fail("\",\" or \"}\" should stand here");
        out_ += ',';
        blanks();
      }
      if (peek() != '"') return fail("a key in quotes should stand here");
      Member member{.key = {}, .from = out_.size(), .to = 0};
      if (!string(member.key)) return false;
      append_json_string(out_, member.key);
      blanks();
      if (!take(':')) return fail("\":\" should stand here");
      out_ += ':';
      blanks();
      if (!value(depth)) return false;
      member.to = out_.size();
      members.push_back(std::move(member));
      blanks();
    }
    sort(members, begin);
    out_ += '}';
    return true;
  }

  // Puts what stands in out_ from `begin` on into canonical order; of equal keys the last stays.
  void sort(std::vector<Member>& members, std::size_t begin) {
    const auto less = [](const Member& a, const Member& b) { return key_less(a.key, b.key); };
    const bool rising =
        std::adjacent_find(members.begin(), members.end(), [&](const Member& a, const Member& b) {
          return !less(a, b);
        }) == members.end();
    if (rising) return;
    std::stable_sort(members.begin(), members.end(), less);
    std::string sorted;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i + 1 < members.size() && members[i + 1].key == members[i].key) continue;
      if (!sorted.empty()) sorted += ',';
      sorted.append(out_, members[i].from, members[i].to - members[i].from);
    }
    out_.replace(begin, std::string::npos, sorted);
  }

  bool string(std::string& text) {
    for (++at_;;) {
      const char* const from = at_;
      while (at_ < end_ && *at_ != '"' && *at_ != '\\' &&
             static_cast<unsigned char>(*at_) >= 0x20) {
        ++at_;
      }
      text.append(from, at_);
      if (at_ >= end_) return fail("a string is not closed");
      if (take('"')) return true;
      if (*at_ != '\\') return fail("a control character in a string must be escaped");
      if (!escape(text)) return false;
    }
  }

  bool escape(std::string& text) {
    constexpr std::string_view kEscaped = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (end_ - at_ < 2) return fail("a string is not closed");
    if (at_[1] == 'u') return unicode_escape(text);
    const std::size_t which = kEscaped.find(at_[1]);
    if (which == std::string_view::npos) return fail("there is no such escape");
    text += kMeant[which];
    at_ += 2;
    return true;
  }

  bool unicode_escape(std::string& text) {
    const int first = hex4(at_);
    if (first < 0) return fail("\\u needs four hex digits");
    if (first < 0xd800 || first > 0xdfff) {
      append_utf8(text, static_cast<unsigned>(first));
      at_ += 6;
      return true;
    }
    const int second = first < 0xdc00 ? hex4(at_ + 6) : -1;
    if (second < 0xdc00 || second > 0xdfff) return fail("half of a surrogate pair");
    append_utf8(text, 0x10000 + (static_cast<unsigned>(first - 0xd800) << 10U) +
                          static_cast<unsigned>(second - 0xdc00));
    at_ += 12;
    return true;
  }

  // The value of \uXXXX at `at`; -1 when that does not stand there.
  int hex4(const char* at) const {
    if (end_ - at < 6 || at[0] != '\\' || at[1] != 'u') return -1;
    int value = 0;
    for (int i = 2; i < 6; ++i) {
      const char c = at[i];
      const char lower = static_cast<char>(c | 0x20);
      if (!is_digit(c) && (lower < 'a' || lower > 'f')) return -1;
      value = value * 16 + (is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    return value;
  }

  const char* at_;
  const char* const begin_;
  const char* const end_;
  std::string out_;
  std::string_view what_;
};

}  // namespace

Result<std::string_view> canonical_json(std::string_view text, Arena& arena) {
  if (CanonicalCheck(text).passes()) return text;
  Canonicalizer canonicalizer(text);
  if (!canonicalizer.run(0)) {
    return Error{Action::kSkipRecord, "not JSON: " + to_string(canonicalizer.mistake())};
  }
  return arena.copy(canonicalizer.out());
}

std::optional<JsonMistake> find_json_mistake(std::string_view text, int depth) {
  Canonicalizer canonicalizer(text);
  if (canonicalizer.run(depth)) return std::nullopt;
  return canonicalizer.mistake();
}

std::string to_string(const JsonMistake& mistake) {
  return std::string(mistake.what) + ", at byte " + std::to_string(mistake.position);
}

}  // namespace weir
