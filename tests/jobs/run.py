#!/usr/bin/env python3
"""Runs the jobs of the folders here on a real Kafka and compares what comes out.

  WEIR_TEST_BROKERS=HOST:PORT WEIR=build/debug/weir tests/jobs/run.py [--update] [NAME...]

A folder NAME holds
  job.yaml      a job that ends by itself, from topic NAME.in to NAME.out, both of one partition;
                its brokers are ${env:WEIR_TEST_BROKERS}
  input.txt     records, one a line: key|value, where nothing is null. A byte that is no UTF-8 stands as it is
  expected.txt  rows in their order: key|value
  ends.txt      of a job that does not end well: `exits N`, then words of the log, one a line

A job that ends well runs twice: straight through, and killed with -9 as soon as it has claimed its lane.
One that does not may have written the first of the expected rows. --update writes what came out now:
read the difference before you commit it.
"""
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
        self.input, self.output = f"{folder.name}.in", f"{folder.name}.out"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"weir-job-{folder.name}-"))
        self.config = self.dir / "weir.yaml"
        self.config.write_text(f"instance: t{random.randrange(10**9)}\nstate_dir: {self.dir}/state\n")
        self.runs = 0
        self.delete_topics()
        for topic in (self.input, self.output):
            cluster.admin.create_topic(topic, 1)
        if (folder / "input.txt").read_bytes():
            self.kcat("-t", self.input, "-P", "-Z", "-K", "|", input=(folder / "input.txt").read_bytes())

    def delete_topics(self):
        for topic in {self.input, self.output} & set(self.cluster.admin.topics()):
            self.cluster.admin.delete_topic(topic)

    def kcat(self, *words, **options):
        return subprocess.run(["kcat", "-b", self.cluster.brokers, *words], check=True, stderr=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, **options).stdout

    def start(self):
        self.runs += 1
        return Run([WEIR, "run", str(self.folder / "job.yaml"), "--config", str(self.config)],
                   self.dir / f"run-{self.runs}.log")

    def rows(self):
        return self.kcat("-t", self.output, "-C", "-e", "-q", "-o", "beginning", "-f", "%k|%s\\n",
                         "-X", "isolation.level=read_committed")

    def end(self):
        self.delete_topics()
        shutil.rmtree(self.dir)


def straight(job):
    job.start().expect(0)


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
        rows = job.rows()
        if update:
            (folder / "expected.txt").write_bytes(rows)
        expected = (folder / "expected.txt").read_bytes()
        check(rows == expected, f"{folder.name}, {way.__name__}: {rows!r} came out, {expected!r} was expected; "
              f"logs in {job.dir}")
        job.end()


def ends_badly(cluster, folder):
    code, *words = (folder / "ends.txt").read_text().splitlines()
    job = Job(cluster, folder)
    run = job.start()
    # The log is made of JSON lines.
    run.expect(int(code.removeprefix("exits ")), *(word.replace("\\", "\\\\").replace('"', '\\"') for word in words))
    expected = (folder / "expected.txt").read_bytes()
    rows = job.rows()
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
