#pragma once

#include <span>
#include <string>
#include <string_view>

#include "spec/diagnostics.h"
#include "spec/fields.h"
#include "spec/references.h"
#include "spec/source_text.h"
#include "spec/yaml.h"

namespace weir {

/// What a check of a file against its field table needs.
struct CheckContext {
  std::span<const FieldInfo> table;
  std::string_view file_is;  ///< "the job" or "weir.yaml", for messages
  SourceText& source;        ///< literal secrets are masked in it
  const References& references;
  Diagnostics& diagnostics;
};

/// Checks the whole tree against the table: keys, shapes, units, words, ranges, required keys.
/// References are replaced in the tree's scalars, except in SQL, secrets and properties. What is
/// wrong becomes `bad`, so that building from the tree needs no check twice.
void check_fields(YamlNode& root, const CheckContext& context);

/// What is wrong with "host:port"; empty when nothing is.
std::string address_mistake(std::string_view text, std::string_view example);

/// One scalar of `field`, called `key` by the person; part of check_fields.
void check_scalar(YamlNode& node, const FieldInfo& field, std::string_view key,
                  const CheckContext& context);

}  // namespace weir
