#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/// The innermost loops of reading JSON by hand. Every function takes `at` and the text's `end`,
/// returns where the token ends or nullptr when it is not one, and may read (never use) up to
/// kValuePadding bytes behind `end`.
namespace weir::json_scan {

/// What a string held, gathered over any number of them.
constexpr unsigned kEscapes = 1;
constexpr unsigned kNonAscii = 2;

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }
inline bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
inline const char* skip_blanks(const char* at, const char* end) {
  // Nearly always there is none, and one comparison says so.
  if (static_cast<unsigned char>(*at) > ' ') [[likely]]
    return at;
  while (at < end && is_blank(*at)) ++at;
  return at;
}

#ifdef __SSE2__
constexpr std::size_t kStep = 16;

struct StringBits {
  unsigned stops;      ///< bit per byte: a quote, a backslash or a control character
  unsigned non_ascii;  ///< bit per byte: 0x80 and above
};
inline StringBits string_bits(const char* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  // min(byte, 0x1f) == byte: unsigned byte <= 0x1f.
  const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  const __m128i stops = _mm_or_si128(_mm_or_si128(quotes, backslashes), controls);
  return {static_cast<unsigned>(_mm_movemask_epi8(stops)),
          static_cast<unsigned>(_mm_movemask_epi8(bytes))};
}
inline unsigned digit_bits(const char* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i values = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values)));
}
/// Bit per byte: a quote, a backslash, a control character, or 0x80 and above.
inline unsigned unusual_bits(const char* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  // As signed bytes, those from 0x80 on are negative.
  const __m128i others = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), others)));
}
/// Bit per byte that is the same in both.
inline unsigned same_bits(const char* a, const char* b) {
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a)),
                                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(b)))));
}
#else
constexpr std::size_t kStep = 8;

struct StringBits {
  unsigned stops;
  unsigned non_ascii;
};
inline StringBits string_bits(const char* at) {
  StringBits bits{0, 0};
  for (unsigned i = 0; i < kStep; ++i) {
    const auto byte = static_cast<unsigned char>(at[i]);
    bits.stops |= (byte == '"' || byte == '\\' || byte < 0x20 ? 1U : 0U) << i;
    bits.non_ascii |= (byte >= 0x80 ? 1U : 0U) << i;
  }
  return bits;
}
inline unsigned digit_bits(const char* at) {
  unsigned bits = 0;
  for (unsigned i = 0; i < kStep; ++i) bits |= (is_digit(at[i]) ? 1U : 0U) << i;
  return bits;
}
inline unsigned unusual_bits(const char* at) {
  const StringBits bits = string_bits(at);
  return bits.stops | bits.non_ascii;
}
inline unsigned same_bits(const char* a, const char* b) {
  unsigned bits = 0;
  for (unsigned i = 0; i < kStep; ++i) bits |= (a[i] == b[i] ? 1U : 0U) << i;
  return bits;
}
#endif
constexpr unsigned kAllBits = (1U << kStep) - 1;

/// From behind the opening quote to the closing one when all between them is ordinary ASCII, else
/// nullptr. The quote may stand behind `end`.
inline const char* plain_string_end(const char* at, const char* end) {
  while (true) {
    const unsigned unusual = unusual_bits(at);
    if (unusual != 0) [[likely]] {
      at += static_cast<unsigned>(std::countr_zero(unusual));
      return *at == '"' ? at : nullptr;
    }
    at += kStep;
    if (at >= end) return nullptr;
  }
}

/// From behind the opening quote to the closing one. nullptr for control characters, an unclosed
/// string, a bad escape, and also \u: those are for the slower readers. Bytes from 0x80 on are not
/// checked, `seen` says that there were some.
inline const char* string_end(const char* at, const char* end, unsigned& seen) {
  while (at < end) {
    const StringBits bits = string_bits(at);
    if (bits.stops == 0) [[unlikely]] {
      if (bits.non_ascii != 0) seen |= kNonAscii;
      at += kStep;
      continue;
    }
    const unsigned before = (bits.stops & (0U - bits.stops)) - 1;
    if ((bits.non_ascii & before) != 0) [[unlikely]]
      seen |= kNonAscii;
    at += std::countr_zero(bits.stops);
    if (*at == '"') [[likely]]
      return at < end ? at : nullptr;
    if (*at != '\\' || end - at < 2) return nullptr;
    switch (at[1]) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        seen |= kEscapes;
        at += 2;
        break;
      default:
        return nullptr;
    }
  }
  return nullptr;
}

/// Behind a run of at least one digit.
inline const char* digits_end(const char* at, const char* end) {
  const char* const from = at;
  while (at < end) {
    const unsigned others = ~digit_bits(at) & kAllBits;
    if (others != 0) {
      at += std::countr_zero(others);
      break;
    }
    at += kStep;
  }
  return at == from || at > end ? nullptr : at;
}

/// RFC 8259, section 6, from its first character on. The character behind it is the caller's.
inline const char* number_end(const char* at, const char* end) {
  if (at < end && *at == '-') ++at;
  if (at < end && *at == '0') {
    ++at;
  } else {
    at = digits_end(at, end);
    if (at == nullptr) return nullptr;
  }
  if (at < end && *at == '.') {
    at = digits_end(at + 1, end);
    if (at == nullptr) return nullptr;
  }
  if (at < end && (*at | 0x20) == 'e') {
    ++at;
    if (at < end && (*at == '+' || *at == '-')) ++at;
    at = digits_end(at, end);
  }
  return at;
}

/// number_end for what nearly all numbers are, [-]digits[.digits] within one step; nullptr for
/// others. It may end behind `end`.
inline const char* short_number_end(const char* at) {
  at += *at == '-' ? 1 : 0;
  const unsigned others = ~digit_bits(at) & kAllBits;
  if (others == 0) return nullptr;
  const auto whole = static_cast<unsigned>(std::countr_zero(others));
  if (whole == 0 || (*at == '0' && whole > 1)) return nullptr;
  const char* const stop = at + whole;
  if ((*stop | 0x20) == 'e') return nullptr;
  if (*stop != '.') return stop;
  const unsigned behind = others & (others - 1);  // without the point
  if (behind == 0) return nullptr;
  const auto all = static_cast<unsigned>(std::countr_zero(behind));
  const char* const end = at + all;
  return all == whole + 1 || (*end | 0x20) == 'e' || *end == '.' ? nullptr : end;
}

/// Behind `true`, `false` or `null`.
inline const char* word_end(const char* at, const char* end) {
  const auto is = [&](const char* word, std::ptrdiff_t size) {
    return end - at >= size && std::memcmp(at, word, static_cast<std::size_t>(size)) == 0;
  };
  if (is("true", 4) || is("null", 4)) return at + 4;
  return is("false", 5) ? at + 5 : nullptr;
}

}  // namespace weir::json_scan
