// A Kafka broker that costs nearly nothing, for benchmarks of clients: no disk, no replication, no
// checks. The first topic keeps what is produced to it and reads as that many times over; all
// others count what they get and forget it; transactions always commit.
//   null_broker PORT REPEAT INPUT:PARTITIONS [TOPIC:PARTITIONS]...
// Listens on 127.0.0.1 and speaks the versions of the requests that librdkafka 2.0.2 falls back to.
// Prints "ready"; ends with its standard input.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/null_log.h"
#include "bench/null_wire.h"

namespace {

using weir::bench::NullLog;
using weir::bench::WireReader;
using weir::bench::WireWriter;

constexpr int kUnknownTopicOrPartition = 3;

enum Api : std::int16_t {
  kProduce = 0,
  kFetch = 1,
  kListOffsets = 2,
  kMetadata = 3,
  kOffsetFetch = 9,
  kFindCoordinator = 10,
  kListGroups = 16,
  kApiVersions = 18,
  kInitProducerId = 22,
  kAddPartitionsToTxn = 24,
  kAddOffsetsToTxn = 25,
  kEndTxn = 26,
  kTxnOffsetCommit = 28,
};
// The newest version of each that is answered; all from 0 on are announced, since librdkafka looks
// for old ones to know what a broker can do, and takes the newest.
constexpr std::array<std::pair<std::int16_t, std::int16_t>, 13> kVersions = {
    {{kProduce, 3},
     {kFetch, 4},
     {kListOffsets, 1},
     {kMetadata, 4},
     {kOffsetFetch, 3},
     {kFindCoordinator, 1},
     {kListGroups, 0},
     {kApiVersions, 3},
     {kInitProducerId, 1},
     {kAddPartitionsToTxn, 0},
     {kAddOffsetsToTxn, 0},
     {kEndTxn, 1},
     {kTxnOffsetCommit, 1}}};

struct Committed {
  std::int64_t offset = -1;
  std::string metadata;
};

// One lock for everything: a request takes microseconds, and there are few connections.
struct Broker {
  int port = 0;
  std::mutex mutex;
  std::map<std::string, std::vector<NullLog>, std::less<>> topics;
  std::map<std::pair<std::string, std::string>, Committed> offsets;  // group, topic/partition
  std::int64_t next_producer = 1;

  NullLog* log(std::string_view topic, std::int32_t partition) {
    const auto found = topics.find(topic);
    if (found == topics.end() || partition < 0) return nullptr;
    const auto index = static_cast<std::size_t>(partition);
    return index < found->second.size() ? &found->second[index] : nullptr;
  }
};

std::string place(std::string_view topic, std::int32_t partition) {
  return std::string(topic) + "/" + std::to_string(partition);
}

// Calls each(topic, partition) for [topic, [partition, ...]], and writes what it writes in the same
// shape; `each` reads what stands behind the partition's number.
template <class Each>
void for_partitions(WireReader& in, WireWriter& out, Each each) {
  const std::int32_t topics = in.i32();
  out.i32(std::max(topics, 0));
  for (std::int32_t t = 0; t < topics && in.ok(); ++t) {
    const std::string_view topic = in.text();
    out.text(topic);
    const std::int32_t partitions = in.i32();
    out.i32(partitions);
    for (std::int32_t p = 0; p < partitions && in.ok(); ++p) {
      const std::int32_t partition = in.i32();
      out.i32(partition);
      each(topic, partition);
    }
  }
}

void api_versions(std::int16_t version, WireWriter& out) {
  const bool compact = version >= 3;
  out.i16(0);
  if (compact) {
    out.i8(static_cast<int>(kVersions.size()) + 1);
  } else {
    out.i32(static_cast<std::int64_t>(kVersions.size()));
  }
  for (const auto& [api, newest] : kVersions) {
    out.i16(api);
    out.i16(0);
    out.i16(newest);
    if (compact) out.i8(0);
  }
  if (version >= 1) out.i32(0);
  if (compact) out.i8(0);
}

void metadata(Broker& broker, WireReader& in, WireWriter& out) {
  std::vector<std::string> wanted;
  const std::int32_t count = in.i32();
  for (std::int32_t i = 0; i < count; ++i) wanted.emplace_back(in.text());
  if (count < 0) {
    for (const auto& [topic, logs] : broker.topics) wanted.push_back(topic);
  }
  out.i32(0);
  out.i32(1);
  out.i32(0);
  out.text("127.0.0.1");
  out.i32(broker.port);
  out.null_text();
  out.text("null-broker");
  out.i32(0);
  out.i32(static_cast<std::int64_t>(wanted.size()));
  for (const std::string& topic : wanted) {
    const auto found = broker.topics.find(topic);
    const bool known = found != broker.topics.end();
    out.i16(known ? 0 : kUnknownTopicOrPartition);
    out.text(topic);
    out.i8(0);
    const std::size_t partitions = known ? found->second.size() : 0;
    out.i32(static_cast<std::int64_t>(partitions));
    for (std::size_t i = 0; i < partitions; ++i) {
      out.i16(0);
      out.i32(static_cast<std::int64_t>(i));
      out.i32(0);  // leader
      for (int list = 0; list < 2; ++list) {
        out.i32(1);
        out.i32(0);
      }
    }
  }
}

void produce(Broker& broker, WireReader& in, WireWriter& out) {
  in.text();
  in.i16();
  in.i32();
  for_partitions(in, out, [&](std::string_view topic, std::int32_t partition) {
    const std::string_view records = in.bytes();
    NullLog* const log = broker.log(topic, partition);
    out.i16(log == nullptr ? kUnknownTopicOrPartition : 0);
    out.i64(log == nullptr ? -1 : log->append(records));
    out.i64(-1);
  });
  out.i32(0);
}

void fetch(Broker& broker, WireReader& in, WireWriter& out) {
  in.i32();
  const std::int32_t wait_ms = in.i32();
  in.i32();
  in.i32();
  in.raw(1);
  bool any = false;
  out.i32(0);
  for_partitions(in, out, [&](std::string_view topic, std::int32_t partition) {
    const std::int64_t offset = in.i64();
    const std::int32_t bytes_max = in.i32();
    NullLog* log = nullptr;
    {
      const std::scoped_lock lock(broker.mutex);
      log = broker.log(topic, partition);
    }
    const std::int64_t end = log == nullptr ? -1 : log->end();
    out.i16(log == nullptr ? kUnknownTopicOrPartition : 0);
    out.i64(end);
    out.i64(end);
    out.i32(-1);  // aborted transactions
    const std::size_t size_at = out.reserve(4);
    if (log != nullptr) log->fetch(offset, static_cast<std::size_t>(bytes_max), out);
    const std::size_t size = out.size() - size_at - 4;
    any = any || size > 0;
    out.fill(size_at, static_cast<std::int64_t>(size), 4);
  });
  // As a real one waits for something to give; requests of this connection wait behind it.
  if (!any) std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
}

void list_offsets(Broker& broker, WireReader& in, WireWriter& out) {
  in.i32();
  for_partitions(in, out, [&](std::string_view topic, std::int32_t partition) {
    const std::int64_t timestamp = in.i64();
    const NullLog* const log = broker.log(topic, partition);
    out.i16(log == nullptr ? kUnknownTopicOrPartition : 0);
    out.i64(-1);
    out.i64(log == nullptr ? -1 : timestamp == -1 ? log->end() : 0);
  });
}

void offset_fetch(Broker& broker, WireReader& in, WireWriter& out) {
  const std::string group(in.text());
  out.i32(0);
  for_partitions(in, out, [&](std::string_view topic, std::int32_t partition) {
    const auto found = broker.offsets.find({group, place(topic, partition)});
    const Committed committed = found == broker.offsets.end() ? Committed{} : found->second;
    out.i64(committed.offset);
    out.text(committed.metadata);
    out.i16(0);
  });
  out.i16(0);
}

// At once, not with the transaction's end: it never aborts.
void txn_offset_commit(Broker& broker, WireReader& in, WireWriter& out) {
  in.text();
  const std::string group(in.text());
  in.i64();
  in.i16();
  out.i32(0);
  for_partitions(in, out, [&](std::string_view topic, std::int32_t partition) {
    const std::int64_t offset = in.i64();
    broker.offsets[{group, place(topic, partition)}] = {offset, std::string(in.text())};
    out.i16(0);
  });
}

void answer(Broker& broker, std::int16_t api, std::int16_t version, WireReader& in,
            WireWriter& out) {
  if (api == kFetch) return fetch(broker, in, out);
  const std::scoped_lock lock(broker.mutex);
  switch (api) {
    case kProduce:
      return produce(broker, in, out);
    case kListOffsets:
      return list_offsets(broker, in, out);
    case kMetadata:
      return metadata(broker, in, out);
    case kOffsetFetch:
      return offset_fetch(broker, in, out);
    case kTxnOffsetCommit:
      return txn_offset_commit(broker, in, out);
    case kApiVersions:
      return api_versions(version, out);
    case kFindCoordinator:
      out.i32(0);
      out.i16(0);
      out.null_text();
      out.i32(0);
      out.text("127.0.0.1");
      return out.i32(broker.port);
    case kListGroups:
      out.i16(0);
      return out.i32(0);
    case kInitProducerId:
      out.i32(0);
      out.i16(0);
      out.i64(broker.next_producer++);
      return out.i16(0);
    case kAddPartitionsToTxn:
      in.text();
      in.i64();
      in.i16();
      out.i32(0);
      return for_partitions(in, out, [&](std::string_view, std::int32_t) { out.i16(0); });
    case kAddOffsetsToTxn:
    case kEndTxn:
      out.i32(0);
      return out.i16(0);
    default:
      std::fprintf(stderr, "null_broker: no answer to request %d\n", api);
      std::exit(1);
  }
}

bool receive(int socket, char* to, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(socket, to, size, 0);
    if (got <= 0) return false;
    to += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void serve(Broker& broker, int socket) {
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  std::array<char, 4> head{};
  std::string request;
  while (receive(socket, head.data(), head.size())) {
    request.resize(static_cast<std::size_t>(WireReader({head.data(), head.size()}).i32()));
    if (!receive(socket, request.data(), request.size())) break;
    WireReader in(request);
    const std::int16_t api = in.i16();
    const std::int16_t version = in.i16();
    WireWriter out;
    const std::size_t size_at = out.reserve(4);
    out.i32(in.i32());  // correlation
    in.text();          // client
    answer(broker, api, version, in, out);
    out.fill(size_at, static_cast<std::int64_t>(out.size() - 4), 4);
    if (!send_all(socket, out.out())) break;
  }
  ::close(socket);
}

int number(std::string_view text) {
  int value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  static Broker broker;
  broker.port = argc > 1 ? number(argv[1]) : -1;
  const int repeat = argc > 2 ? number(argv[2]) : -1;
  for (int i = 3; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::size_t colon = word.find(':');
    const int partitions = colon == std::string_view::npos ? 0 : number(word.substr(colon + 1));
    if (partitions < 1) return std::fprintf(stderr, "null_broker: %s?\n", argv[i]), 64;
    broker.topics.emplace(
        word.substr(0, colon),
        std::vector<NullLog>(static_cast<std::size_t>(partitions), NullLog(i == 3 ? repeat : 0)));
  }
  if (broker.port < 1 || repeat < 1 || broker.topics.empty()) {
    std::fprintf(stderr, "null_broker PORT REPEAT INPUT:PARTITIONS [TOPIC:PARTITIONS]...\n");
    return 64;
  }
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(broker.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 64) != 0) {
    std::fprintf(stderr, "null_broker: port %d: %s\n", broker.port, std::strerror(errno));
    return 1;
  }
  std::printf("ready\n");
  std::fflush(stdout);
  std::thread([listener] {
    while (true) {
      const int socket = ::accept(listener, nullptr, nullptr);
      if (socket >= 0) std::thread(serve, std::ref(broker), socket).detach();
    }
  }).detach();
  while (std::getchar() != EOF) {
  }
  std::_Exit(0);
}
