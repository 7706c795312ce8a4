#include "job/marker.h"

#include <pwd.h>
#include <unistd.h>

#include <array>

#include "marker/hdfs_place.h"
#include "marker/local_place.h"

namespace weir {
namespace {

// As HDFS's own clients call themselves.
std::string process_user() {
  std::array<char, 4096> room{};
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(geteuid(), &entry, room.data(), room.size(), &found);
  return found == nullptr ? std::string() : std::string(found->pw_name);
}

}  // namespace

Result<std::unique_ptr<MarkerPlace>> make_marker_place(const MarkerSpec& marker,
                                                       const Clock& clock) {
  if (marker.kind == MarkerKind::kLocal) return make_local_place(marker.file, marker.directory);
  const HdfsConfig& hdfs = marker.hdfs;
  WEIR_ASSIGN(std::unique_ptr<HttpClient> client,
              HttpClient::open({.ca = hdfs.ca, .negotiate = hdfs.kerberos.has_value()}));
  std::unique_ptr<KerberosLogin> login;
  std::string user;
  if (hdfs.kerberos) {
    WEIR_ASSIGN(login, KerberosLogin::open({hdfs.kerberos->keytab, hdfs.kerberos->principal}));
  } else {
    user = hdfs.user.empty() ? process_user() : hdfs.user;
  }
  return make_hdfs_place(
      {.name = marker.name(),
       .path = marker.file,
       .directory = marker.directory,
       .hdfs = {.namenodes = marker.namenodes, .tls = marker.tls, .user = std::move(user)}},
      std::move(client), std::move(login), clock);
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
  WEIR_ASSIGN(std::unique_ptr<MarkerPlace> place, make_marker_place(marker, clock));
  return MarkerWatch::start(std::move(place), std::move(options), clock, std::move(changed));
}

}  // namespace weir
