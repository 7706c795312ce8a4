#!/usr/bin/env python3
"""What a daemon does with the jobs of a directory. No Kafka: the jobs make their own rows.

  daemon_stories.py [STORY...]"""

import contextlib
import http.client
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from cluster import LONG
from harness import WEIR, check, tell


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, seconds=10):
        super().__init__("weir", timeout=seconds)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def until(what, fact, seconds=20):
    """Waits for a fact; what it was."""
    deadline = time.monotonic() + seconds
    while not (value := fact()):
        check(time.monotonic() < deadline, f"after {seconds} s not yet: {what}")
        time.sleep(0.02)
    return value


def is_alive(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in "ZX"


class Site:
    """A directory with a weir.yaml, its jobs, and at most one daemon."""

    def __init__(self, config=""):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="weir-daemon-"))
        (self.root / "jobs.d").mkdir()
        self.config = self.root / "weir.yaml"
        self.config.write_text("instance: t\nstate_dir: state\nruntime_dir: run\nlog_dir: logs\n"
                               "log: { format: text }\napi: { listen: off }\n" + config)
        self.daemon = None

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        if not failed:
            shutil.rmtree(self.root, ignore_errors=True)

    def job(self, name, source="generate: { every: 50ms }", more=""):
        """A job that writes files, and what it has written."""
        (self.root / f"jobs.d/{name}.yaml").write_text(
            f"version: 1\njob: {name}\nsources: {{ n: {{ {source} }} }}\n"
            f"sinks: {{ out: {{ file: {{ path: {self.root}/out-{name} }}, format: json }} }}\n"
            f"delivery: {{ commit: {{ every: 100ms }} }}\n{more}")

    def rows(self, name):
        """Every number that the job wrote, in the files' order."""
        numbers = []
        for part in sorted((self.root / f"out-{name}").glob("*.ndjson")):
            if not part.name.startswith("."):
                numbers += [json.loads(line)["i"] for line in part.read_text().splitlines()]
        return numbers

    def check_rows(self, name):
        rows = self.rows(name)
        check(rows == list(range(len(rows))), f"{name} lost or doubled a row: {rows[:50]}")
        return len(rows)

    def start(self, *words, open_files=None, program=WEIR, **environment):
        self.log = open(self.root / "daemon.log", "ab")
        self.daemon = subprocess.Popen([program, "daemon", "--config", str(self.config), *words],
                                       stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                       env={**os.environ, **environment},
                                       preexec_fn=open_files and (lambda: resource.setrlimit(
                                           resource.RLIMIT_NOFILE, open_files)))
        until("the daemon answers", lambda: self.get("/livez") is not None)

    def get(self, path, method="GET"):
        connection = UnixConnection(str(self.root / "run/weir.sock"))
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            text = answer.read().decode()
        except OSError:
            return None
        finally:
            connection.close()
        return json.loads(text) if answer.getheader("Content-Type") == "application/json" else text

    def jobs(self):
        # One that replaces itself does not answer for a moment.
        answer = until("the daemon answers", lambda: self.get("/v1/jobs"))
        return {job["name"]: job for job in answer["jobs"]}

    def state(self, name):
        job = self.jobs().get(name)
        return job["state"] if job else "none"

    def wait_state(self, name, state, seconds=20):
        return until(f"{name} is {state}, but {self.state(name)}; see {self.root}",
                     lambda: self.state(name) == state and self.jobs()[name], seconds)

    def pid(self, name):
        return self.jobs()[name]["pid"]

    def weir(self, *words, code=0):
        done = subprocess.run([WEIR, words[0], "--config", str(self.config), *words[1:]],
                              capture_output=True, text=True, timeout=60)
        check(done.returncode == code, f"weir {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def end(self, number=signal.SIGTERM):
        self.daemon.send_signal(number)
        return self.daemon.wait(30)

    def daemon_log(self):
        return (self.root / "daemon.log").read_text()


def daemon_runs_jobs():
    """A directory of jobs runs, each in its own process; SIGTERM drains all, and nothing is lost."""
    with Site() as site:
        for name in "abc":
            site.job(name)
        site.start()
        pids = {site.wait_state(name, "running")["pid"] for name in "abc"}
        check(len(pids) == 3, f"processes {pids}")
        until("rows of all", lambda: all(len(site.rows(name)) > 5 for name in "abc"))
        check("running" in site.weir("ps") and "n/0" in site.weir("lag", "a"), site.weir("lag", "a"))
        check("claimed at epoch" in site.weir("logs", "b"), "b's log has its start")
        check('weir_output_rows_total{job="c"}' in site.get("/metrics"), site.get("/metrics"))
        check(site.get("/readyz") == "ok\n", site.get("/readyz"))
        check(site.end() == 0, f"the daemon's exit; see {site.root}")
        check(not any(is_alive(pid) for pid in pids), "no process is left")
        for name in "abc":
            site.check_rows(name)
        check("no daemon answers" in site.weir("ps", code=1), "ps without a daemon")


def daemon_stop_is_remembered():
    """weir stop outlives the daemon; weir start takes it back. Stopping is no failure."""
    with Site() as site:
        site.job("a")
        site.start()
        site.wait_state("a", "running")
        site.weir("stop", "a")
        check(site.end() == 0, "exit")
        site.start()
        check(site.wait_state("a", "stopped")["failures"] == 0, "no failure")
        site.weir("start", "a")
        site.wait_state("a", "running")
        check(site.end() == 0, "exit")
        site.check_rows("a")


def daemon_killed_job_comes_back():
    """kill -9 of a job, four times in an hour, also with the daemon killed between, makes it FAILED, loudly."""
    with Site() as site:
        site.job("a", more="restart: { max_attempts: 4, backoff: { initial: 100ms, max: 100ms } }\n")
        site.job("b")
        site.start()
        for failure in range(1, 5):
            os.kill(site.wait_state("a", "running")["pid"], signal.SIGKILL)
            until("the failure is counted", lambda: site.jobs()["a"]["failures"] == failure)
            if failure == 2:
                site.end(signal.SIGKILL)
                site.start()
        job = site.wait_state("a", "failed")
        check(job["lastExit"] == "signal 9", job)
        check("job a is failed" in site.get("/readyz"), site.get("/readyz"))
        check('weir_job_state{job="a",state="failed"} 1' in site.get("/metrics"), "the metric")
        check("after 4 failures" in site.daemon_log(), "the log")
        site.wait_state("b", "running")
        site.weir("start", "a")
        site.wait_state("a", "running")
        check(site.end() == 0, "exit")
        site.check_rows("a")


def daemon_killed():
    """kill -9 of the daemon: its jobs drain at once; the next daemon starts each of them once."""
    with Site() as site:
        for name in "ab":
            site.job(name)
        site.start()
        pids = [site.wait_state(name, "running")["pid"] for name in "ab"]
        # One is stopped, so that it cannot drain: the next daemon must wait for it, and not start a second.
        os.kill(pids[0], signal.SIGSTOP)
        site.end(signal.SIGKILL)
        until("b drains", lambda: not is_alive(pids[1]))
        site.start()
        site.wait_state("b", "running")
        check(site.state("a") == "stopping", f"a is {site.state('a')} while its old process is there")
        os.kill(pids[0], signal.SIGCONT)
        check(site.wait_state("a", "running")["pid"] != pids[0], "another process")
        check(site.end() == 0, "exit")
        for name in "ab":
            site.check_rows(name)


def daemon_replaced():
    """`weir daemon --upgrade`, by SIGUSR2: the daemon replaces itself and keeps its jobs, which notice nothing."""
    with Site() as site:
        for name in "ab":
            site.job(name)
        site.start()
        pids = {name: site.wait_state(name, "running")["pid"] for name in "ab"}
        started = site.get("/v1/version")["startedAt"]
        for _ in range(3):
            before = started
            check("the daemon runs version" in site.weir("daemon", "--upgrade"), "what was done is said")
            started = site.get("/v1/version")["startedAt"]
            check(started != before, "it is the same daemon")
            until("it has the jobs", lambda: all(site.state(name) == "running" for name in "ab"))
            check(pids == {name: site.pid(name) for name in "ab"}, "the same processes")
        os.kill(pids["a"], signal.SIGKILL)
        until("a comes back", lambda: site.state("a") == "running" and site.pid("a") != pids["a"])
        check("claimed" in site.weir("logs", "a", "-n", "20"), "its log goes on")
        check(site.end() == 0, "exit")
        check(not is_alive(pids["b"]), "no process is left")
        for name in "ab":
            site.check_rows(name)


def daemon_not_replaced():
    """What stands at the program's place does not run, or is gone: the daemon says so and runs on."""
    with Site() as site:
        program = site.root / "weir"
        shutil.copy(WEIR, program)
        site.job("a")
        site.start(program=program)
        pid = site.wait_state("a", "running")["pid"]
        started = site.get("/v1/version")["startedAt"]
        good = site.root / "good"
        program.rename(good)
        for text in (None, "#!/bin/sh\nexit 3\n"):
            if text:
                program.write_text(text)
                program.chmod(0o755)
            said = site.daemon_log().count("was not replaced and runs on")
            site.daemon.send_signal(signal.SIGUSR2)
            until("it says so", lambda said=said: site.daemon_log().count("was not replaced and runs on") > said)
            check(site.get("/v1/version")["startedAt"] == started and site.pid("a") == pid, "the daemon or its job changed")
        check("version ends with exit 3" in site.daemon_log(), "why")
        good.rename(program)
        # A weir.yaml that the new one could not start with, or would take for another site.
        config = site.config.read_text()
        for wrong, word in ((config + "nonsense: 1\n", "nonsense"), (config.replace("instance: t", "instance: u"), "instance")):
            site.config.write_text(wrong)
            site.daemon.send_signal(signal.SIGUSR2)
            until(f"{word} is named", lambda word=word: word in site.daemon_log())
            check(site.get("/v1/version")["startedAt"] == started and site.pid("a") == pid, "the daemon or its job changed")
        site.config.write_text(config)
        site.weir("daemon", "--upgrade")
        check(site.wait_state("a", "running")["pid"] == pid, "the job runs on")
        check(site.end() == 0, "exit")
        site.check_rows("a")


def daemon_reloads():
    """New, changed, removed and broken files; a crash restart runs what was accepted."""
    with Site() as site:
        for name in "abcd":
            site.job(name)
        site.start()
        pids = {name: site.wait_state(name, "running")["pid"] for name in "abcd"}
        site.job("n")
        site.job("a", more="limits: { memory: 64MiB }\n")
        site.job("b", more="# a comment\nrestart: { max_attempts: 9 }\n")
        (site.root / "jobs.d/c.yaml").unlink()
        (site.root / "jobs.d/d.yaml").write_text("version: 1\njob: d\nsorces: {}\n")
        dry = site.weir("reload", "--dry-run", code=78)
        check(all(word in dry for word in ("start", "restart", "update", "stop", "keep", "sorces")), dry)
        check(site.weir("plan", "--reload", code=78) == dry, "weir plan --reload shows the same")
        check(site.state("n") == "none", "a dry run changes nothing")
        check("sorces" in site.weir("reload", code=78), "the mistake is said")
        for words in (["stop", "N"], ["lag", "N"], ["start", "N"]):
            check('there is no job "N"; did you mean "n"?' in site.weir(*words, code=1), words)
        site.wait_state("n", "running")
        until("a is another process", lambda: site.state("a") == "running" and site.pid("a") != pids["a"])
        check(site.pid("b") == pids["b"], "b was not restarted for a comment")
        until("c is gone", lambda: site.state("c") == "none")
        check(not is_alive(pids["c"]), "c's process")
        check(site.pid("d") == pids["d"] and "sorces" in site.jobs()["d"]["pending"], site.jobs()["d"])
        check("sorces" in site.weir("ps"), "ps says why")
        os.kill(pids["d"], signal.SIGKILL)
        until("d runs its accepted text", lambda: site.state("d") == "running" and site.pid("d") != pids["d"])
        # An unreadable directory, and a weir.yaml with a mistake, change nothing.
        (site.root / "jobs.d").rename(site.root / "elsewhere")
        said = site.weir("reload", code=1)
        check("cannot be read" in said and "jobs_dir of weir.yaml names it" in said, said)
        (site.root / "elsewhere").rename(site.root / "jobs.d")
        text = site.config.read_text()
        site.config.write_text(text + "jobs_dri: x\n")
        site.daemon.send_signal(signal.SIGHUP)
        until("the mistake is told", lambda: "jobs_dri" in site.get("/readyz"))
        site.config.write_text(text)
        site.weir("reload", code=78)  # d's file is as it was
        check("jobs_dri" not in site.get("/readyz"), "it is mended")
        check(site.end() == 0, "exit")
        for name in "abdn":
            site.check_rows(name)


def daemon_markers():
    """A job's marker stops it for good, the daemon's stops all; the next daemon runs what was not stopped."""
    with Site() as site:
        site.config.write_text(site.config.read_text() +
                               "stop: { marker: { path: running, check_every: 100ms } }\n")
        marker = "stop: { marker: { path: MARK, check_every: 100ms } }\n"
        site.job("a", more=marker.replace("MARK", str(site.root / "a.run")))
        site.job("b")
        site.start()
        for name in "ab":
            site.wait_state(name, "running")
        until("the markers", lambda: (site.root / "a.run").exists() and (site.root / "running").exists())
        # One whose marker cannot be seen waits, and says so.
        away = site.root / "away/c.run"
        site.job("c", more=marker.replace("MARK", str(away)).replace("check_every", "at_start: require, check_every"))
        site.weir("reload")
        until("c waits for its marker", lambda: "its marker" in (site.jobs()["c"]["why"] or ""))
        check(site.rows("c") == [], "c runs without its marker")
        away.parent.mkdir()
        away.touch()
        until("c runs", lambda: site.state("c") == "running" and not site.jobs()["c"]["why"] and site.rows("c"))
        site.weir("stop", "c")
        # By the job's name; the file is named otherwise.
        (site.root / "jobs.d/a.yaml").rename(site.root / "jobs.d/first.yaml")

        def status(name):
            return subprocess.run([WEIR, "marker", "status", name, "--config", site.config], capture_output=True, text=True)

        check("exists" in status("a").stdout, "the marker of a job by its name")
        done = status("A")
        check(done.returncode == 78 and 'did you mean "a"?' in done.stderr, done.stderr)
        site.weir("reload")
        (site.root / "a.run").unlink()
        job = site.wait_state("a", "stopped")
        check(job["desired"] == "stopped" and job["failures"] == 0 and "marker" in job["why"], job)
        (site.root / "running").unlink()
        check(site.daemon.wait(30) == 0, "the daemon's exit")
        site.start()
        site.wait_state("b", "running")
        check(site.state("a") == "stopped" and not (site.root / "a.run").exists(), "a stays stopped")
        site.weir("start", "a")
        check((site.root / "a.run").exists() and (site.root / "running").exists(), "both are there again")
        check(site.end() == 0, "exit")
        for name in "ab":
            site.check_rows(name)


def daemon_bad_surroundings():
    """What is no job file harms no other; a second daemon does not start; a job that is done is finished."""
    with Site() as site:
        site.job("a")
        site.job("done", source="generate: { every: 1ms, count: 20 }")
        jobs = site.root / "jobs.d"
        os.mkfifo(jobs / "fifo.yaml")
        (jobs / "loop.yaml").symlink_to(jobs / "loop.yaml")
        (jobs / "dir.yaml").mkdir()
        (jobs / "slash.yaml").write_text((jobs / "a.yaml").read_text().replace("job: a", "job: a/b"))
        (jobs / "twin.yaml").write_text((jobs / "done.yaml").read_text().replace("job: done", "job: t"))
        (jobs / "twin2.yaml").write_text((jobs / "twin.yaml").read_text())
        checked = subprocess.run([WEIR, "check", str(jobs)], capture_output=True, text=True, timeout=30)
        check(checked.returncode == 78 and "fifo.yaml: error[W1002]: cannot read the file: it is no regular file"
              in checked.stderr, checked.stderr)
        site.start()
        site.wait_state("a", "running")
        site.wait_state("done", "finished")
        check(site.check_rows("done") == 20, "all rows")
        problems = site.weir("ps")
        for word in ("fifo.yaml", "loop.yaml", "dir.yaml", "slash.yaml", "twin.yaml", "twin2.yaml"):
            check(word in problems, f"{word} is not in {problems}")
        second = subprocess.run([WEIR, "daemon", "--config", str(site.config)], capture_output=True, text=True,
                                timeout=60)
        check(second.returncode == 1 and "process" in second.stderr, second.stderr)
        check(site.end() == 0, "exit")
        site.start()
        check(site.wait_state("done", "finished")["pid"] is None, "it does not run again")
        check(site.end() == 0, "exit")


def refused(site, lines, code, *words, nobody=False):
    """A daemon with these lines as its weir.yaml ends at once, and says why."""
    (site.root / "wrong.yaml").write_text(lines)
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if nobody else []
    done = subprocess.run([*as_nobody, WEIR, "daemon", "--config", str(site.root / "wrong.yaml")], capture_output=True,
                          text=True, timeout=30)
    check(done.returncode == code, f"exit {done.returncode}, not {code}: {lines}\n{done.stderr}")
    for word in words:
        check(word in done.stderr, f"\"{word}\" is not said: {done.stderr}")


def daemon_refused():
    """What a daemon cannot have where it is: it says so, ends with the code that fits, and harms no other one."""
    with Site() as site:
        site.job("a")
        site.start()
        site.wait_state("a", "running")
        off = "api: { listen: off }\n"
        (site.root / "file").write_text("")
        (site.root / "short").write_text("secret")
        here = "state_dir: s2\nlog_dir: l2\n"
        own = here + "runtime_dir: r2\n"
        # Only the directory may come back by itself, as a mount does.
        refused(site, f"{own}{off}jobs_dir: nowhere\n", 1, "nowhere cannot be read: No such file")
        refused(site, f"{own}{off}jobs_dir: file\n", 1, "file cannot be read: Not a directory")
        jobs = "jobs_dir: jobs.d\n"
        refused(site, f"{jobs}{off}state_dir: file\n", 78, "W4102", "state directory")
        refused(site, f"{jobs}{off}state_dir: s2\nlog_dir: file/l\nruntime_dir: r2\n", 78, "file/l: Not a directory")
        refused(site, f"{jobs}{off}{here}runtime_dir: file/r\n", 78, "file/r: Not a directory")
        refused(site, f"{jobs}{off}{here}runtime_dir: {'r' * 100}\n", 78, "107 bytes", "shorter runtime_dir")
        listens = f"{jobs}{own}api: {{ listen: '0.0.0.0:9', token: '${{file:%s}}' }}\n"
        refused(site, listens % "nowhere", 1, "W1023", "No such file")
        refused(site, listens % (site.root / "short"), 78, "W4402", "16 characters")
        refused(site, f"{jobs}{own}api: {{ listen: '0.0.0.0:9' }}\n", 78, "W1007", "\"token\" is missing", "from other machines")
        if os.geteuid() == 0:
            os.chmod(site.root, 0o755)
            refused(site, f"{jobs}{off}state_dir: s3\n", 78, "W4102", "Permission denied", nobody=True)
            (site.root / "theirs").mkdir()
            os.chmod(site.root / "theirs", 0o777)
            theirs = "state_dir: theirs/s\nlog_dir: theirs/l\nruntime_dir: theirs/r\n"
            (site.root / "locked").mkdir(mode=0o700)
            refused(site, f"{theirs}{off}jobs_dir: locked\n", 1, "locked cannot be read: Permission denied", nobody=True)
            refused(site, f"{jobs}{off}state_dir: theirs/s\nlog_dir: l3\nruntime_dir: theirs/r\n", 78,
                    "l3: Permission denied", nobody=True)
        site.wait_state("a", "running")
        check(site.end() == 0, "exit")
        site.check_rows("a")


def open_files_of(pid):
    """Soft and hard limit."""
    return resource.prlimit(pid, resource.RLIMIT_NOFILE)


def daemon_open_files():
    """The daemon raises its limit, a job has its own; with room for two of three jobs it says so and runs two."""
    with Site() as site:
        for name in "abc":
            site.job(name, more="restart: { max_attempts: 1 }\n")
        site.start(open_files=(256, 2000))
        pid = site.wait_state("c", "running")["pid"]
        check(open_files_of(site.daemon.pid) == (2000, 2000), open_files_of(site.daemon.pid))
        check(open_files_of(pid) == (2000, 2000), "a hard limit that is lower than a job's")
        check(site.end() == 0, "exit")
        hard = min(100_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        site.start(open_files=(256, hard))
        pid = site.wait_state("c", "running")["pid"]
        check(open_files_of(site.daemon.pid) == (hard, hard), open_files_of(site.daemon.pid))
        check(open_files_of(pid) == (min(65536, hard), hard), open_files_of(pid))
        check(site.end() == 0, "exit")
        site.start(open_files=(212, 212))
        job = site.wait_state("c", "failed")
        check("room for 2 processes of 3 jobs" in job["why"] and "LimitNOFILE" in job["why"], job)
        check(site.daemon_log().count("room for 2 processes of 3 jobs") >= 2, "the log, at the start too")
        for name in "ab":
            site.wait_state(name, "running")
        check(site.end() == 0, "exit")


def daemon_cgroups():
    """Each job has a control group with its limits; one that the kernel ended for its memory says so. A directory stands in for the
    kernel's: what is written is seen, nothing is enforced."""
    with Site() as site:
        group = site.root / "group"
        group.mkdir()
        (group / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
        (group / "cgroup.procs").write_text("")
        site.job("a", more="limits: { memory: 64MiB, cpu: 150% }\nrestart: { max_attempts: 1 }\n")
        site.job("b")
        site.start(WEIR_CGROUP=str(group))
        pids = {name: site.wait_state(name, "running")["pid"] for name in "ab"}

        def text(path):
            return (group / path).read_text()

        check(text("daemon/cgroup.procs") == str(site.daemon.pid), "the daemon is in a group of its own")
        check(text("cgroup.subtree_control") == text("jobs/cgroup.subtree_control") == "+cpu +memory", "controllers")
        check(text("jobs/a/cgroup.procs") == str(pids["a"]) and text("jobs/b/cgroup.procs") == str(pids["b"]), "processes")
        check(text("jobs/a/memory.max") == str(256 << 20) and text("jobs/a/cpu.max") == "150000 100000", "a's limits")
        check(text("jobs/b/memory.max") == str(1152 << 20) and text("jobs/b/cpu.max") == "max 100000", "b has defaults")
        check(site.get("/v1/jobs")["limitsNotKept"] is None, site.get("/v1/jobs"))
        (group / "jobs/a/memory.events").write_text("low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 0\n")
        os.kill(pids["a"], signal.SIGKILL)
        job = site.wait_state("a", "failed")
        check("more than 256MiB" in job["why"] and "memory: 64MiB" in job["why"], job)
        # The next process is not blamed for it.
        site.weir("start", "a")
        os.kill(site.wait_state("a", "running")["pid"], signal.SIGKILL)
        check("more than" not in site.wait_state("a", "failed")["why"], site.jobs()["a"])
        check(site.end() == 0, "exit")
        # Where nothing is delegated, or a group cannot be made, jobs run and the daemon says it once.
        site.start(WEIR_CGROUP=str(group / "cgroup.procs"))
        site.wait_state("b", "running")
        said = site.get("/v1/jobs")["limitsNotKept"]
        check("cgroup.procs/daemon" in said and site.daemon_log().count(said) == 1, said)
        check(site.end() == 0, "exit")


def daemon_disk_full():
    """The disk of state and logs is full: the jobs that cannot go on are FAILED and say why, one that is told to stop does,
    and with room again everything is as people wanted it, also after another start of the daemon."""
    from disk_stories import fill, small_disk  # it knows of mounts

    with Site() as site:
        disk = site.root / "disk"
        site.config.write_text(site.config.read_text().replace("state_dir: state", "state_dir: disk/state")
                               .replace("log_dir: logs", "log_dir: disk/logs"))
        with small_disk(disk, "96m"):
            for name in "ab":
                site.job(name, more="restart: { max_attempts: 2, backoff: { initial: 100ms, max: 100ms } }\n")
            site.start()
            for name in "ab":
                site.wait_state(name, "running")
            filler = fill(disk)
            # Its ballast is what the next start has; that goes too.
            failed = until("a is FAILED", lambda: fill(disk) and site.state("a") == "failed" and site.jobs()["a"], 60)
            check("the disk is full" in failed["why"], failed)
            until("b too", lambda: fill(disk) and site.state("b") == "failed", 60)
            check("the disk is full" in site.weir("ps"), "ps says why")
            site.weir("stop", "b")
            check(site.jobs()["b"]["desired"] == "stopped", site.jobs()["b"])
            filler.unlink()
            site.weir("start", "a")
            rows = site.check_rows("a")
            until("a goes on", lambda: site.check_rows("a") > rows + 5)
            until("what was left out of the daemon's store is there",
                  lambda: "cannot be written" not in site.daemon_log() or "is written again" in site.daemon_log(), 30)
            check(site.end() == 0, "exit")
            site.start()
            site.wait_state("a", "running")
            check(site.jobs()["b"]["desired"] == "stopped" and site.state("b") != "running", "b's stop was forgotten")
            check(site.end() == 0, "exit")
            for name in "ab":
                site.check_rows(name)


def processes_below(root):
    """Processes of weir that were given a file below `root`."""
    found = set()
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = entry.read_bytes().split(b"\0")
            if len(words) > 2 and words[1] in (b"run", b"daemon") and str(root).encode() in b" ".join(words):
                found.add(int(entry.parent.name))
    return {pid for pid in found if is_alive(pid)}


def daemon_disturbed():
    """Jobs and daemon are killed, frozen, replaced, restarted, stopped and reloaded in an order that dice make: at each
    moment a job has one process at most, and in the end every row is there once. WEIR_TEST_SEED repeats the dice."""
    seed = int(os.environ.get("WEIR_TEST_SEED") or random.randrange(10**6))
    print(f"seed {seed}", flush=True)
    dice = random.Random(seed)
    names = "abcd"
    with Site() as site:
        for name in names:
            site.job(name, more="restart: { max_attempts: 1000, backoff: { initial: 100ms, max: 200ms } }\n")
        site.start()

        def signal_job(number):
            pid = site.jobs()[dice.choice(names)]["pid"]
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            return pid

        def freeze_job():
            pid = signal_job(signal.SIGSTOP)
            if pid:
                frozen.append(pid)

        def kill_daemon():
            site.daemon.kill()
            site.daemon.wait()
            site.start()

        def again(*words):
            site.weir(*words, "--no-wait")

        frozen = []
        deeds = [lambda: signal_job(signal.SIGKILL), lambda: signal_job(signal.SIGKILL), freeze_job, kill_daemon,
                 lambda: signal_job(signal.SIGTERM), lambda: site.daemon.send_signal(signal.SIGUSR2),
                 lambda: site.weir("daemon", "--upgrade"), lambda: site.weir("reload"),
                 lambda: again("restart", dice.choice(names)), lambda: again("stop", dice.choice(names)),
                 lambda: again("start", dice.choice(names)), lambda: again("restart", "--all")]
        for _ in range(600 if LONG else 40):
            dice.choice(deeds)()
            until("the daemon answers", lambda: site.get("/livez") is not None)
            # Frozen ones go on before they would be taken for hung.
            while frozen and dice.randrange(3) == 0:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(frozen.pop(), signal.SIGCONT)
            time.sleep(dice.random() / 5)
        for pid in frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        for name in names:
            site.weir("start", name)
        for name in names:
            site.wait_state(name, "running", 90)
            rows = site.check_rows(name)
            until(f"{name} goes on", lambda name=name, rows=rows: site.check_rows(name) > rows)
        ours = {site.daemon.pid} | {site.pid(name) for name in names}
        until("no other process is left", lambda: processes_below(site.root) == ours, 60)
        check(site.end() == 0, "exit")
        check(not processes_below(site.root), "a process runs unwatched")
        for name in names:
            site.check_rows(name)


def daemon_hung_job():
    """A job that gives no sign of life for 60 s is killed and started again: one attempt."""
    with Site() as site:
        site.job("a")
        site.job("b")
        site.start()
        pid = site.wait_state("a", "running")["pid"]
        os.kill(pid, signal.SIGSTOP)
        until("it is killed", lambda: not is_alive(pid), 90)
        job = site.wait_state("a", "running")
        check("no sign of life" in job["lastExit"] and job["failures"] == 1, job)
        site.wait_state("b", "running")
        check(site.end() == 0, "exit")
        site.check_rows("a")


if __name__ == "__main__":
    tell([daemon_runs_jobs, daemon_stop_is_remembered, daemon_killed_job_comes_back, daemon_killed,
          daemon_replaced, daemon_not_replaced, daemon_reloads, daemon_markers, daemon_bad_surroundings, daemon_refused,
          daemon_open_files, daemon_cgroups,
          daemon_disk_full, daemon_disturbed, daemon_hung_job])
