#include "contract/state_contract.h"

#include <catch2/catch.hpp>
#include <map>
#include <optional>

#include "base/random.h"

namespace weir::test {
namespace {

const StateTable kPlain{};
StateTable window(int at) { return {WallTime(std::chrono::microseconds(at))}; }

void put(KeyedState& state, const StateTable& table, std::string_view key, std::string_view value) {
  const std::string_view keys[] = {key};
  const std::string_view values[] = {value};
  REQUIRE(state.put(table, keys, values));
}
void erase(KeyedState& state, const StateTable& table, std::string_view key) {
  const std::string_view keys[] = {key};
  REQUIRE(state.erase(table, keys));
}
std::optional<std::string> get(KeyedState& state, const StateTable& table, std::string_view key) {
  const std::string_view keys[] = {key};
  std::vector<std::optional<std::string_view>> values;
  REQUIRE(state.get(table, keys, values));
  REQUIRE(values.size() == 1);
  if (!values[0]) return std::nullopt;
  return std::string(*values[0]);
}
using Entries = std::map<std::string, std::string>;
Entries all(KeyedState& state, const StateTable& table) {
  Entries entries;
  std::string last;
  REQUIRE(state.scan(table, [&](std::string_view key, std::string_view value) -> Result<> {
    CHECK((entries.empty() || last < key));
    last = key;
    entries[last] = value;
    return {};
  }));
  return entries;
}

void reads_what_was_put(StateRig& rig) {
  const auto state = rig.make();
  const std::string_view keys[] = {"a", "b", "a"};
  const std::string_view values[] = {"1", "", "3"};
  REQUIRE(state->put(kPlain, keys, values));
  CHECK(get(*state, kPlain, "a") == "3");
  CHECK(get(*state, kPlain, "b") == "");
  CHECK_FALSE(get(*state, kPlain, "c"));
  erase(*state, kPlain, "a");
  erase(*state, kPlain, "never there");
  CHECK_FALSE(get(*state, kPlain, "a"));
  CHECK(state->bytes() > 0);
}

void keeps_tables_apart(StateRig& rig) {
  const auto state = rig.make();
  put(*state, kPlain, "k", "plain");
  put(*state, window(20), "k", "twenty");
  put(*state, window(10), "k", "ten");
  put(*state, window(10), "b", "ten too");
  CHECK(get(*state, kPlain, "k") == "plain");
  CHECK(all(*state, window(10)) == Entries{{"b", "ten too"}, {"k", "ten"}});
  CHECK(state->due(WallTime(std::chrono::microseconds(9)))->empty());
  CHECK(state->due(WallTime(std::chrono::microseconds(10))).value() == std::vector{window(10)});
  CHECK(state->due(WallTime(std::chrono::microseconds(99))).value() ==
        std::vector{window(10), window(20)});
  REQUIRE(state->erase_table(window(10)));
  CHECK(all(*state, window(10)).empty());
  CHECK(state->due(WallTime(std::chrono::microseconds(99))).value() == std::vector{window(20)});
}

void goes_back(StateRig& rig) {
  const auto state = rig.make();
  put(*state, kPlain, "kept", "1");
  put(*state, window(10), "w", "1");
  REQUIRE(state->applied(EpochId{1}));
  put(*state, kPlain, "kept", "2");
  put(*state, kPlain, "kept", "3");
  put(*state, kPlain, "made", "1");
  REQUIRE(state->erase_table(window(10)));
  put(*state, window(10), "v", "1");
  put(*state, window(30), "v", "1");
  REQUIRE(state->undo());
  CHECK(all(*state, kPlain) == Entries{{"kept", "1"}});
  CHECK(all(*state, window(10)) == Entries{{"w", "1"}});
  CHECK(state->due(WallTime(std::chrono::microseconds(99))).value() == std::vector{window(10)});
  // What was undone is in no delta either.
  std::string delta;
  REQUIRE(state->append_delta(delta));
  const auto other = rig.make();
  REQUIRE(other->replay(EpochId{1}, delta));
  CHECK(all(*other, kPlain).empty());
}

// A random schedule of updates against plain maps: state, its replay from deltas, and undo agree.
void replays_to_the_same(StateRig& rig) {
  SeededRandom random(1);
  const auto state = rig.make();
  auto replayed = rig.make();
  std::map<StateTable, Entries> expected;
  std::map<StateTable, Entries> before = expected;
  const std::vector<StateTable> tables = {kPlain, window(10), window(20)};
  for (int step = 0; step < 5000; ++step) {
    const StateTable& table = tables[random.below(tables.size())];
    const std::string key = std::to_string(random.below(20));
    switch (random.below(40)) {
      case 0:
        REQUIRE(state->erase_table(table));
        expected.erase(table);
        break;
      case 1:
        REQUIRE(state->undo());
        expected = before;
        break;
      case 2: {
        std::string delta;
        REQUIRE(state->append_delta(delta));
        REQUIRE(state->applied(EpochId{step}));
        REQUIRE(replayed->replay(EpochId{step}, delta));
        before = expected;
        for (const StateTable& each : tables) REQUIRE(all(*replayed, each) == expected[each]);
        break;
      }
      case 3:
      case 4:
      case 5:
        erase(*state, table, key);
        expected[table].erase(key);
        break;
      default:
        put(*state, table, key, std::to_string(step));
        expected[table][key] = std::to_string(step);
    }
    REQUIRE(all(*state, table) == expected[table]);
  }
}

}  // namespace

Contract<StateRig> keyed_state_contract() {
  return {
      {"it reads what was put", &reads_what_was_put},
      {"tables are apart, and due by their time", &keeps_tables_apart},
      {"undo puts back the bytes from before the epoch", &goes_back},
      {"its deltas replay to the same state", &replays_to_the_same},
  };
}

}  // namespace weir::test
