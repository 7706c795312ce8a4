"""A daemon with many small jobs, each from a Kafka topic of its own to another, and what people do to it. Each
deed checks its outcome and returns its seconds. Used by the story `fleet` and by scripts/bench fleet."""

import collections
import concurrent.futures
import datetime
import json
import os
import pathlib
import signal
import subprocess
import time

from cluster import check
from daemon_stories import Site, is_alive, until

PARTITIONS = 4
STARTING_MAX = 8  # JobTable::kStartingMax
START_SECONDS_MAX = 10  # JobMachine::kStartMax: one that takes longer no longer keeps others from starting


class Fleet(Site):
    def __init__(self, cluster, count):
        super().__init__()
        self.cluster = cluster
        self.prefix = f"fleet-{os.getpid()}"
        self.names = [f"{self.prefix}-{number:04}" for number in range(count)]
        # An epoch topic of its own: a later run would find the cells of this one otherwise.
        self.config.write_text(self.config.read_text() +
                               f'clusters: {{ main: {{ brokers: ["{cluster.brokers}"], epoch_topic: {self.prefix} }} }}\n')
        self.starting_seen = 0
        for name in self.names:
            for topic in (f"{name}.in", f"{name}.out"):
                cluster.admin.create_topic(topic, PARTITIONS, cluster.replication)
            self.write(name, "n >= 0")

    def write(self, name, condition):
        (self.root / f"jobs.d/{name}.yaml").write_text(f"""version: 1
job: {name}
sources:
  numbers:
    kafka: {{ cluster: main, topics: [{name}.in], start: earliest }}
    format: json
    schema: "n bigint NOT NULL"
steps: [ {{ id: some, filter: "{condition}" }} ]
sinks: {{ out: {{ kafka: {{ cluster: main, topic: {name}.out }}, format: json }} }}
""")

    def states(self):
        """How many jobs are in which state; the most that were on their way up at once are remembered."""
        jobs, now = self.jobs().values(), datetime.datetime.now(datetime.timezone.utc)
        starting = [job for job in jobs if job["state"] == "starting" and
                    (now - datetime.datetime.fromisoformat(job["startedAt"])).total_seconds() < START_SECONDS_MAX]
        self.starting_seen = max(self.starting_seen, len(starting))
        return collections.Counter(job["state"] for job in jobs)

    def pids(self):
        return {name: job["pid"] for name, job in self.jobs().items()}

    def start_all(self, seconds):
        """From the daemon's start until every job runs."""
        began = time.monotonic()
        self.start()
        until(f"{len(self.names)} jobs run, but {self.states()}; see {self.root}",
              lambda: self.states()["running"] == len(self.names), seconds)
        took = time.monotonic() - began
        check(self.starting_seen <= STARTING_MAX, f"{self.starting_seen} jobs started at once")
        return took

    def pass_records(self, names, numbers, expected):
        """Gives each of these jobs `numbers`, and sees that `expected` has come out by then, each once."""
        given = "".join(f'{{"n":{number}}}\n' for number in numbers)

        def pass_one(name):
            self.kcat("-P", "-t", f"{name}.in", given=given)
            until(f"{len(expected)} rows of {name}", lambda: len(self.rows_of(name)) >= len(expected), 60)
            return sorted(self.rows_of(name))

        # kcat mostly waits.
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            for name, rows in zip(names, threads.map(pass_one, names)):
                check(rows == expected, f"{name}: {rows}")

    def rows_of(self, name):
        lines = self.kcat("-C", "-e", "-q", "-o", "beginning", "-X", "isolation.level=read_committed",
                          "-t", f"{name}.out").splitlines()
        return [json.loads(line)["n"] for line in lines]

    def check_rest(self, seconds=5):
        """No thread of librdkafka's spins towards its next timer (cli/main.cc): each woke once a second and took some
        microseconds then, not the half of a millisecond that is left on average."""
        def main_threads():
            return [task for pid in self.pids().values() for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
                    if (task / "comm").read_text() == "rdk:main\n"]

        def took(tasks):
            return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

        tasks = main_threads()
        check(len(tasks) >= 2 * len(self.names), f"{len(tasks)} threads of librdkafka's for {len(self.names)} jobs")
        before = took(tasks)
        time.sleep(seconds)
        share = (took(tasks) - before) / seconds / len(tasks)
        check(share < 0.0003, f"each of librdkafka's main threads takes {share * 100:.3f} % of a core while nothing comes")

    def kcat(self, *words, given=None):
        return subprocess.run(["kcat", "-b", self.cluster.brokers, *words], input=given, check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60).stdout

    def reload(self, names, seconds):
        """Changes these jobs' files; until they run anew, and no other was touched."""
        before = self.pids()
        for name in names:
            self.write(name, "n > 0")
        began = time.monotonic()
        self.weir("reload")

        def are_new():
            jobs = self.jobs()
            return all(jobs[name]["state"] == "running" and jobs[name]["pid"] != before[name] for name in names)

        until(f"{len(names)} jobs run anew", are_new, seconds)
        took = time.monotonic() - began
        after = self.pids()
        moved = [name for name in self.names if after[name] != before[name]]
        check(moved == sorted(names), f"{moved} were started anew")
        return took

    def stop_one(self, name):
        """`weir stop`: until it has drained; the others run on."""
        others = {other: pid for other, pid in self.pids().items() if other != name}
        began = time.monotonic()
        self.weir("stop", name)
        took = time.monotonic() - began
        check(self.state(name) == "stopped", self.state(name))
        check({other: pid for other, pid in self.pids().items() if other != name} == others, "the others run on")
        return took

    def stop_all(self, seconds):
        """SIGTERM: until the daemon and all processes are gone; every job drained."""
        pids = [pid for pid in self.pids().values() if pid]
        began = time.monotonic()
        self.daemon.send_signal(signal.SIGTERM)
        code = self.daemon.wait(seconds)
        took = time.monotonic() - began
        check(code == 0 and not any(is_alive(pid) for pid in pids), f"exit {code}, or a process is left; see {self.root}")
        check("killed" not in self.daemon_log(), f"a job was killed; see {self.root}/daemon.log")
        return took

    def delete_topics(self):
        for name in self.names:
            for topic in (f"{name}.in", f"{name}.out"):
                self.cluster.admin.delete_topic(topic)
