#!/usr/bin/env python3
"""Runs the jobs of the folders here on a real Kafka and compares what comes out.

  WEIR_TEST_BROKERS=HOST:PORT WEIR=build/debug/weir tests/jobs/run.py [--update] [NAME...]

A folder NAME holds
  job.yaml      a job that ends by itself, from topic NAME.in to NAME.out, both of one partition;
                its brokers are ${env:WEIR_TEST_BROKERS}
  input.txt     records, one a line: key|value, where nothing is null. A byte that is no UTF-8 stands as it is
  expected.txt  rows in their order: key|value
  input.WORD.txt, expected.WORD.txt
                the same of topics NAME.WORD; rows as key|headers|value, `~` in the place of a tombstone's value
  files.txt     what the files in ${env:WEIR_TEST_DIR} hold, in the order of their names
  ends.txt      of a job that does not end well: `exits N`, then words of the log, one a line
  says.txt      of one that ends well: words of its log, one a line
  unordered     rows come from several partitions: their order does not count

A job that ends well runs twice: straight through, and killed with -9 as soon as it has claimed its lane.
One that does not may have written the first of the expected rows. --update writes what came out now:
read the difference before you commit it.
"""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "real"))

from cluster import check, shared  # noqa: E402
from harness import WEIR, Run  # noqa: E402


class Job:
    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder
        self.inputs = {name_of(path, folder, "in"): path for path in sorted(folder.glob("input*.txt"))}
        self.outputs = {name_of(path, folder, "out"): path for path in sorted(folder.glob("expected*.txt"))}
        self.topics = {f"{folder.name}.in", f"{folder.name}.out", *self.inputs, *self.outputs}
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"weir-job-{folder.name}-"))
        self.config = self.dir / "weir.yaml"
        self.config.write_text(f"instance: t{random.randrange(10**9)}\nstate_dir: {self.dir}/state\n")
        self.runs = 0
        (self.dir / "out").mkdir()
        os.environ["WEIR_TEST_DIR"] = f"{self.dir}/out"
        self.delete_topics()
        for topic in sorted(self.topics):
            cluster.admin.create_topic(topic, 1)
        for topic, path in self.inputs.items():
            if path.read_bytes():
                self.kcat("-t", topic, "-P", "-Z", "-K", "|", input=path.read_bytes())

    def delete_topics(self):
        for topic in self.topics & set(self.cluster.admin.topics()):
            self.cluster.admin.delete_topic(topic)

    def kcat(self, *words, **options):
        return subprocess.run(["kcat", "-b", self.cluster.brokers, *words], check=True, stderr=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, **options).stdout

    def start(self):
        self.runs += 1
        return Run([WEIR, "run", str(self.folder / "job.yaml"), "--config", str(self.config)],
                   self.dir / f"run-{self.runs}.log")

    def rows(self, topic):
        shape = "%k|%s\\n" if topic.endswith(".out") else "%k|%h|%s\\n"
        # With -Z what is null reads NULL, which in expected.txt is nothing.
        nulls = [] if topic.endswith(".out") else ["-Z"]
        rows = self.kcat("-t", topic, "-C", "-e", "-q", *nulls, "-o", "beginning", "-f", shape,
                         "-X", "isolation.level=read_committed")
        rows = rows.replace(b"|NULL\n", b"|~\n")
        if (self.folder / "unordered").exists():
            rows = b"".join(sorted(rows.splitlines(keepends=True)))
        return rows

    def files(self):
        return b"".join(path.read_bytes() for path in sorted((self.dir / "out").iterdir()))

    def end(self):
        self.delete_topics()
        shutil.rmtree(self.dir)


def name_of(path, folder, word):
    middle = path.name.split(".")[1:-1]
    return f"{folder.name}.{middle[0] if middle else word}"


def words_of(path):
    """The log is made of JSON lines."""
    words = path.read_text().splitlines() if path.exists() else []
    return [word.replace("\\", "\\\\").replace('"', '\\"') for word in words]


def straight(job):
    job.start().expect(0, *words_of(job.folder / "says.txt"))


def killed(job):
    run = job.start()
    run.wait_for("claimed at epoch")
    run.process.kill()  # it may have ended by itself by now
    run.process.wait()
    job.start().expect(0)


def ends_well(cluster, folder, update):
    for way in (straight, killed):
        job = Job(cluster, folder)
        way(job)
        came = {path: job.rows(topic) for topic, path in job.outputs.items()}
        if (folder / "files.txt").exists():
            came[folder / "files.txt"] = job.files()
        for path, rows in came.items():
            if update:
                path.write_bytes(rows)
            expected = path.read_bytes()
            check(rows == expected, f"{folder.name}, {way.__name__}, {path.name}: {rows!r} came out, {expected!r} was "
                  f"expected; logs in {job.dir}")
        job.end()


def ends_badly(cluster, folder):
    code, *words = words_of(folder / "ends.txt")
    job = Job(cluster, folder)
    job.start().expect(int(code.removeprefix("exits ")), *words)
    expected = (folder / "expected.txt").read_bytes()
    rows = job.rows(f"{folder.name}.out")
    check(expected.startswith(rows), f"{folder.name}: {rows!r} came out, {expected!r} is the most; logs in {job.dir}")
    job.end()


def main():
    update = "--update" in sys.argv
    names = [word for word in sys.argv[1:] if not word.startswith("-")]
    names = names or sorted(path.parent.name for path in HERE.glob("*/job.yaml"))
    cluster = shared()
    for name in names:
        folder = HERE / name
        if (folder / "ends.txt").exists():
            ends_badly(cluster, folder)
        else:
            ends_well(cluster, folder, update)
        print(f"{name}: as expected", flush=True)


if __name__ == "__main__":
    main()
