#include "data/batch.h"

#include <catch2/catch.hpp>

namespace weir {
namespace {

// Three records: a full one, one without key, timestamp and headers, one that is not selected.
Batch three_records() {
  static constexpr RecordHeader kHeaders[] = {
      {"trace", "abc"}, {"id", "\"1\"\n"}, {"trace", "def"}, {"gone", {}, true}, {"raw", "\xff!"}};
  Batch batch;
  batch.arena = std::make_unique<Arena>();
  batch.schema = std::make_shared<Schema>();
  batch.origin = std::make_shared<Origin>(Origin{.source = SourceIndex{0},
                                                 .split = "payments/3",
                                                 .topic = "payments",
                                                 .partition = 3,
                                                 .id_prefix = "payments:3:"});
  batch.records = {Record{.key = "k",
                          .value = {},
                          .key_null = false,
                          .offset = 41,
                          .timestamp_us = 5,
                          .headers = kHeaders},
                   Record{.key = {}, .value = {}, .offset = 9223372036854775807, .headers = {}},
                   Record{.key = "x", .value = {}, .key_null = false, .offset = 43, .headers = {}}};
  batch.rows = 3;
  batch.selection = {0, 1};
  return batch;
}

TEST_CASE("meta_fields: stand in the order of MetaField and are found by name") {
  for (std::size_t i = 0; i < meta_fields().size(); ++i) {
    CHECK(static_cast<std::size_t>(meta_fields()[i].field) == i);
    CHECK(find_meta_field(meta_fields()[i].name)->field == meta_fields()[i].field);
  }
  CHECK_FALSE(find_meta_field("_nothing").has_value());
}

TEST_CASE("meta_column: gives every field of the selected records") {
  const Batch batch = three_records();
  const auto views = [&](MetaField field) {
    return batch.meta_column(field).values<std::string_view>();
  };
  const Column key = batch.meta_column(MetaField::kKey);
  CHECK(key.values<std::string_view>()[0] == "k");
  CHECK_FALSE(key.is_null(0));
  CHECK(key.is_null(1));
  CHECK(views(MetaField::kTopic)[1] == "payments");
  CHECK(batch.meta_column(MetaField::kPartition).values<std::int32_t>()[0] == 3);
  CHECK(batch.meta_column(MetaField::kOffset).values<std::int64_t>()[0] == 41);
  const Column timestamp = batch.meta_column(MetaField::kTimestamp);
  CHECK(timestamp.values<std::int64_t>()[0] == 5);
  CHECK_FALSE(timestamp.is_null(0));
  CHECK(timestamp.is_null(1));
  CHECK(views(MetaField::kId)[0] == "payments:3:41");
  CHECK(views(MetaField::kId)[1] == "payments:3:9223372036854775807");
}

TEST_CASE("meta_column: headers are a canonical object, those of one name an array") {
  const Batch batch = three_records();
  const Column headers = batch.meta_column(MetaField::kHeaders);
  CHECK(headers.values<std::string_view>()[0] ==
        "{\"id\":\"\\\"1\\\"\\n\",\"raw\":\"\xef\xbf\xbd!\",\"gone\":null,\"trace\":[\"abc\","
        "\"def\"]}");
  CHECK(headers.values<std::string_view>()[1] == "{}");
}

}  // namespace
}  // namespace weir
