#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace weir {

/// Memory for what lives as long as a batch: bytes are handed out one behind the other and freed
/// all at once. Trivially destructible values only.
///
/// Owned by a Batch. Thread: the batch's holder.
class Arena {
 public:
  /// 64 KiB: a batch of 1,024 short records fits into a few blocks.
  static constexpr std::size_t kBlockBytes = 64U * 1024;

  void* allocate(std::size_t bytes, std::size_t alignment) {
    const std::size_t at = (used_ + alignment - 1) & ~(alignment - 1);
    if (current_ == nullptr || at + bytes > capacity_) return allocate_in_next_block(bytes);
    used_ = at + bytes;
    return current_ + at;
  }
  template <class T>
  std::span<T> array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return {static_cast<T*>(allocate(count * sizeof(T), alignof(T))), count};
  }
  /// Copies bytes in; `padding` more are owned behind them (simdjson reads up to 64 past the end).
  std::string_view copy(std::string_view bytes, std::size_t padding = 0) {
    char* to = static_cast<char*>(allocate(bytes.size() + padding, 1));
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    if (padding != 0) std::memset(to + bytes.size(), 0, padding);
    return {to, bytes.size()};
  }
  /// Forgets everything handed out and keeps the blocks, except outsized ones.
  void reset() {
    std::erase_if(blocks_, [](const Block& block) { return block.bytes > kBlockBytes; });
    next_block_ = 0;
    current_ = nullptr;
    used_ = capacity_ = 0;
  }
  std::size_t bytes_held() const {
    std::size_t total = 0;
    for (const Block& block : blocks_) total += block.bytes;
    return total;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> memory;
    std::size_t bytes;
  };

  void* allocate_in_next_block(std::size_t bytes) {
    // Blocks come from new[], aligned for every fundamental type.
    while (next_block_ < blocks_.size() && blocks_[next_block_].bytes < bytes) ++next_block_;
    if (next_block_ == blocks_.size()) {
      const std::size_t size = std::max(bytes, kBlockBytes);
      blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
    }
    current_ = blocks_[next_block_].memory.get();
    capacity_ = blocks_[next_block_].bytes;
    ++next_block_;
    used_ = bytes;
    return current_;
  }

  std::vector<Block> blocks_;
  std::size_t next_block_ = 0;
  char* current_ = nullptr;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace weir
