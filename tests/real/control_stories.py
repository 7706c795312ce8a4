#!/usr/bin/env python3
"""The commands that talk to a daemon: what people and scripts read. No Kafka.

  control_stories.py [STORY...]"""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios

from daemon_stories import Site, until
from harness import WEIR, check, tell


def cli_answers_json():
    """--json on every command: what scripts read is what the API says, and exit codes are as without it."""
    with Site() as site:
        for name in "ab":
            site.job(name, more=f"stop: {{ marker: {{ path: {site.root}/{name}.run }} }}\n")
        (site.root / "jobs.d/wrong.yaml").write_text("version: 1\njob: wrong\nsorces: {}\n")
        site.start()
        for name in "ab":
            site.wait_state(name, "running")
        until("an epoch with rows", lambda: site.get("/v1/jobs/a")["process"]["progress"])

        def read(*words, code=0):
            return json.loads(site.weir(*words, "--json", code=code))

        check({job["name"] for job in read("ps")["jobs"]} == {"a", "b", "wrong"}, "ps")
        check(len(read("ps")["problems"]) == 1, "ps's problems")
        top = {job["name"]: job for job in read("top")["jobs"]}
        check(top["a"]["process"]["totals"]["epochs"] > 0, top)
        check(read("lag", "a")["splits"][0]["source"] == "n", "lag")
        pid = site.pid("a")
        check(read("restart", "a")["pid"] != pid, "restart")
        check(read("stop", "a")["state"] == "stopped", "stop")
        check(read("start", "a")["state"] == "running", "start")
        check(read("stop", "b", "--no-wait")["desired"] == "stopped", "stop --no-wait")
        pid = site.pid("a")
        site.wait_state("b", "stopped")
        after = {job["name"]: job for job in read("restart", "--all", "--parallel", "2")["jobs"]}
        check(after["a"]["state"] == "running" and after["a"]["pid"] != pid and after["b"]["pid"] is None, str(after))
        check("1 job" in site.weir("restart", "--all"), "restart --all waits, and counts")
        check({step["kind"] for step in read("reload", code=78)["steps"]} >= {"unchanged"}, "reload")
        lines = [json.loads(line) for line in site.weir("logs", "a", "--json", "-n", "5").splitlines()]
        check(len(lines) == 5 and all(line["job"] == "a" and line["message"] for line in lines), str(lines))
        marker = subprocess.check_output([WEIR, "marker", "status", site.root / "jobs.d/a.yaml", "--json"])
        check(json.loads(marker) == {"marker": f"{site.root}/a.run", "state": "exists"}, marker)
        for words in (("stop", "nobody"), ("lag", "nobody"), ("lag", "b"), ("logs", "nobody")):
            said = site.weir(*words, "--json", code=1)
            check(words[1] in said and "{" not in said, said)
        check(site.end() == 0, "exit")
        for words in (("ps",), ("top",), ("stop", "a"), ("start", "a"), ("restart", "--all"), ("reload",), ("lag", "a")):
            check("no daemon answers at" in site.weir(*words, code=1), words[0])


def cli_says_who_may():
    """Another user is told whose the daemon is, and how to ask as that one."""
    with Site() as site:
        site.job("a")
        site.start()
        site.wait_state("a", "running")
        site.root.chmod(0o755)

        def as_nobody(*words):
            done = subprocess.run([WEIR, *words, "--config", str(site.config)], capture_output=True, text=True, timeout=60,
                                  user="nobody", group="nogroup", extra_groups=[])
            check(done.returncode == 1 and not done.stdout, f"{words}: {done.returncode} {done.stdout}")
            return done.stderr

        for words in (("ps",), ("top",), ("stop", "a"), ("reload",)):
            said = as_nobody(*words)
            check("user root's alone, and you are nobody" in said and "sudo -u root weir" in said, said)
        check("the log " in as_nobody("logs", "a"), "a log that is not theirs")
        (site.root / "run").chmod(0o700)
        said = as_nobody("ps")
        check(f"is in {site.root}/run, which is user root's alone" in said, said)
        check(site.state("a") == "running", "it runs on")
        check(site.end() == 0, "exit")


def top_on_a_terminal():
    """weir top draws a table, draws it anew, fits it to the terminal, and leaves the terminal as it was; q and Ctrl-C end it."""
    with Site() as site:
        for name in "abc":
            site.job(name)
        site.start()
        for name in "abc":
            site.wait_state(name, "running")
        for ending in (b"q", b"\x03"):
            control, terminal = pty.openpty()
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 6, 60, 0, 0))
            before = termios.tcgetattr(terminal)
            top = subprocess.Popen([WEIR, "top", "--config", str(site.config)], stdin=terminal, stdout=terminal,
                                   stderr=terminal, start_new_session=True,
                                   preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
            shown = b""

            def shows(words):
                nonlocal shown
                while select.select([control], [], [], 0)[0]:
                    shown += os.read(control, 65536)
                return words in shown

            until("a table", lambda: shows(b"running"))
            check(shown.startswith(b"\x1b[?1049h") and b"... " not in shown, shown[:200])
            check(not termios.tcgetattr(terminal)[3] & termios.ECHO, "keys are not echoed meanwhile")
            shown = b""
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 4, 30, 0, 0))
            until("it is drawn anew, and fits", lambda: shows(b"... 3 more"))
            os.write(control, ending)
            check(top.wait(10) == 0, "its exit")
            check(shows(b"\x1b[?1049l") and b"\x1b[?25h" in shown, "the screen is as it was")
            check(termios.tcgetattr(terminal) == before, "the keys are as they were")
            os.close(control)
            os.close(terminal)
        table = site.weir("top", "--once")
        check(table.startswith("3 jobs: 3 running") and table.count("\n") == 6 and "\x1b" not in table, table)
        check(site.end() == 0, "exit")


if __name__ == "__main__":
    tell([cli_answers_json, cli_says_who_may, top_on_a_terminal])
