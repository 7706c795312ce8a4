#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::bench {

/// Reads Kafka's wire format, of the versions before its compact ones: big-endian numbers, text
/// behind a length. Reading past the end gives zeros and makes ok() false.
class WireReader {
 public:
  explicit WireReader(std::string_view in) : in_(in) {}

  std::int64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char c : raw(bytes)) value = value << 8U | static_cast<unsigned char>(c);
    const auto unused = static_cast<unsigned>(64 - 8 * bytes);
    return static_cast<std::int64_t>(value << unused) >> unused;  // keeps the sign
  }
  std::int16_t i16() { return static_cast<std::int16_t>(number(2)); }
  std::int32_t i32() { return static_cast<std::int32_t>(number(4)); }
  std::int64_t i64() { return number(8); }
  std::string_view text() { return sized(i16()); }   ///< empty for null
  std::string_view bytes() { return sized(i32()); }  ///< the same

  std::string_view raw(std::size_t size) {
    if (size > in_.size()) {
      ok_ = false;
      in_ = {};
      return {};
    }
    const std::string_view value = in_.substr(0, size);
    in_.remove_prefix(size);
    return value;
  }
  bool ok() const { return ok_; }

 private:
  std::string_view sized(std::int64_t size) {
    return size < 0 ? std::string_view() : raw(static_cast<std::size_t>(size));
  }

  std::string_view in_;
  bool ok_ = true;
};

/// Writes it.
class WireWriter {
 public:
  void number(std::int64_t value, std::size_t bytes) {
    for (std::size_t i = bytes; i-- > 0;) out_ += static_cast<char>(value >> (8 * i) & 0xff);
  }
  void i8(int value) { number(value, 1); }
  void i16(int value) { number(value, 2); }
  void i32(std::int64_t value) { number(value, 4); }
  void i64(std::int64_t value) { number(value, 8); }
  void text(std::string_view value) {
    i16(static_cast<int>(value.size()));
    out_ += value;
  }
  void null_text() { i16(-1); }
  void raw(std::string_view value) { out_ += value; }

  /// Leaves room for a number that is known later; fill() takes what this returns.
  std::size_t reserve(std::size_t bytes) {
    out_.append(bytes, '\0');
    return out_.size() - bytes;
  }
  void fill(std::size_t at, std::int64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      out_[at + i] = static_cast<char>(value >> (8 * (bytes - 1 - i)) & 0xff);
    }
  }
  std::size_t size() const { return out_.size(); }
  const std::string& out() const { return out_; }

 private:
  std::string out_;
};

}  // namespace weir::bench
