#include "job/marker.h"

#include "marker/local_place.h"

namespace weir {

std::unique_ptr<MarkerPlace> make_marker_place(const MarkerSpec& marker) {
  return make_local_place(marker.file, marker.directory);
}

Result<std::unique_ptr<MarkerWatch>> watch_marker(const MarkerSpec& marker,
                                                  const std::shared_ptr<MarkerStore>& store,
                                                  const Clock& clock,
                                                  std::function<void(MarkerWord)> changed) {
  if (marker.kind == MarkerKind::kNone) return std::unique_ptr<MarkerWatch>{};
  WEIR_ASSIGN(const std::optional<MarkerRecord> before, store->read());
  MarkerOptions options;
  options.at_start = marker.required ? MarkerAtStart::kRequire : MarkerAtStart::kCreate;
  options.check_every = marker.check_every;
  // Another path is another marker, which no run has made.
  if (before && before->name == marker.name()) options.made_before = before->surroundings;
  options.remember = [store, name = marker.name()](const std::string& surroundings) {
    return store->put({name, surroundings});
  };
  return MarkerWatch::start(make_marker_place(marker), std::move(options), clock,
                            std::move(changed));
}

}  // namespace weir
