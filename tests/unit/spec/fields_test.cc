#include "spec/fields.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "spec/parse.h"

namespace weir {
namespace {

// WEIR_UPDATE_GOLDEN=1 writes the file instead.
void check_generated(const std::string& name, const std::string& made) {
  const std::string path = std::string(WEIR_SOURCE_DIR) + "/config/" + name;
  if (std::getenv("WEIR_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << made;
  std::ifstream in(path, std::ios::binary);
  const std::string committed{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  INFO("run the unit tests of spec with WEIR_UPDATE_GOLDEN=1 to write " << path);
  CHECK((committed == made));
}

}  // namespace

TEST_CASE("fields: config/README.md is the one that the table makes", "[spec]") {
  check_generated("README.md", config_readme());
}

TEST_CASE("fields: the JSON Schemas are the ones that the table makes", "[spec]") {
  check_generated("job.schema.json", job_json_schema());
  check_generated("weir.schema.json", weir_json_schema());
}

TEST_CASE("fields: every field has a parent, one entry, and words for its reader", "[spec]") {
  for (const auto table : {job_fields(), weir_fields()}) {
    std::set<std::string_view> paths;
    for (const FieldInfo& field : table) {
      INFO(field.path);
      CHECK(paths.insert(field.path).second);
      CHECK((field.parent().empty() || paths.contains(field.parent())));
      if (field.status == FieldStatus::kLater) continue;
      const bool entry = field.key() == "*" || field.key() == "[]";
      CHECK((entry || !field.description.empty()));
      if (field.type == FieldType::kList || field.type == FieldType::kTextOrList) {
        CHECK(find_field(table, std::string(field.path) + ".[]") != nullptr);
      }
      if (field.type == FieldType::kNamed) {
        CHECK(find_field(table, std::string(field.path) + ".*") != nullptr);
      }
      if (field.type == FieldType::kDuration || field.type == FieldType::kSize) {
        CHECK(field.max > field.min);
      }
    }
  }
}

}  // namespace weir
