#include "support/fake_keyed_state.h"

#include <map>
#include <set>
#include <utility>

#include "base/bytes.h"

namespace weir::test {
namespace {

using Entries = std::map<std::string, std::string, std::less<>>;
using Tables = std::map<StateTable, Entries>;

void put_table(ByteWriter& out, const StateTable& table) {
  out.u8(table.time ? 1 : 0);
  if (table.time) out.i64(table.time->time_since_epoch().count());
}

StateTable get_table(ByteReader& in) {
  if (in.u8() == 0) return {};
  return {WallTime(std::chrono::microseconds(in.i64()))};
}

class FakeKeyedState final : public KeyedState {
 public:
  Result<> get(const StateTable& table, std::span<const std::string_view> keys,
               std::vector<std::optional<std::string_view>>& values) override {
    values.clear();
    const Entries& entries = tables_[table];
    for (const std::string_view key : keys) {
      const auto found = entries.find(key);
      values.push_back(found == entries.end() ? std::nullopt
                                              : std::optional<std::string_view>(found->second));
    }
    return {};
  }

  Result<> put(const StateTable& table, std::span<const std::string_view> keys,
               std::span<const std::string_view> values) override {
    touch(table);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      tables_[table].insert_or_assign(std::string(keys[i]), std::string(values[i]));
      dirty_[table].insert(std::string(keys[i]));
    }
    return {};
  }

  Result<> erase(const StateTable& table, std::span<const std::string_view> keys) override {
    touch(table);
    for (const std::string_view key : keys) {
      tables_[table].erase(std::string(key));
      dirty_[table].insert(std::string(key));
    }
    return {};
  }

  Result<> scan(const StateTable& table, const Visit& visit) override {
    for (const auto& [key, value] : tables_[table]) WEIR_TRY(visit(key, value));
    return {};
  }

  Result<std::vector<StateTable>> due(WallTime bound) override {
    std::vector<StateTable> found;
    for (const auto& [table, entries] : tables_) {
      if (table.time && *table.time <= bound && !entries.empty()) found.push_back(table);
    }
    return found;
  }

  Result<> erase_table(const StateTable& table) override {
    touch(table);
    tables_.erase(table);
    dirty_.erase(table);
    erased_.insert(table);
    return {};
  }

  Result<> append_delta(std::string& out) override {
    ByteWriter delta;
    delta.u32(static_cast<std::uint32_t>(erased_.size()));
    for (const StateTable& table : erased_) put_table(delta, table);
    for (const auto& [table, keys] : dirty_) {
      for (const std::string& key : keys) {
        const auto value = tables_[table].find(key);
        put_table(delta, table);
        delta.str(key);
        delta.u8(value == tables_[table].end() ? 0 : 1);
        if (value != tables_[table].end()) delta.str(value->second);
      }
    }
    out += delta.bytes();
    return {};
  }

  Result<> undo() override {
    for (auto& [table, entries] : undo_) tables_[table] = std::move(entries);
    return applied({});
  }

  Result<> applied(EpochId /*epoch*/) override {
    undo_.clear();
    dirty_.clear();
    erased_.clear();
    return {};
  }

  Result<> replay(EpochId /*epoch*/, std::string_view delta) override {
    ByteReader in(delta);
    for (std::uint32_t count = in.u32(); count > 0 && in.ok(); --count) {
      tables_.erase(get_table(in));
    }
    while (in.ok() && in.left() > 0) {
      const StateTable table = get_table(in);
      const std::string key(in.str());
      if (in.u8() == 0) {
        tables_[table].erase(key);
      } else {
        tables_[table].insert_or_assign(key, std::string(in.str()));
      }
    }
    if (!in.done()) return Error{Action::kHalt, Code::kCorruptStore, "a delta is cut short"};
    return {};
  }

  std::size_t bytes() const override {
    std::size_t total = 0;
    for (const auto& [table, entries] : tables_) {
      for (const auto& [key, value] : entries) total += key.size() + value.size();
    }
    return total;
  }

 private:
  // The table as it was before the open epoch, kept at its first change.
  void touch(const StateTable& table) { undo_.try_emplace(table, tables_[table]); }

  Tables tables_;
  Tables undo_;
  std::map<StateTable, std::set<std::string>> dirty_;
  std::set<StateTable> erased_;
};

}  // namespace

std::unique_ptr<KeyedState> make_fake_keyed_state() { return std::make_unique<FakeKeyedState>(); }

}  // namespace weir::test
