#!/usr/bin/env python3
"""A daemon and its jobs with markers in a real HDFS, and real load from Kafka to Kafka meanwhile.

  hdfs_daemon_stories.py [STORY...]"""

from cluster import LONG
from daemon_stories import Site, is_alive, until
from harness import Story, check, tell
from hdfs import Hdfs

# Of the jobs and of the daemon.
MARK = 'stop: {{ marker: {{ path: "hdfs://ns1/weir/run/{}", check_every: 500ms }} }}\n'


class MarkedSite(Site):
    """Site whose daemon, a job from Kafka to Kafka, and one without Kafka have markers in HDFS."""

    def __init__(self, hdfs):
        self.story = Story("hdfs-daemon")
        super().__init__(self.story.config.read_text() + MARK.format("daemon") +
                         f"hdfs: {{ nameservices: {{ ns1: [{', '.join(hdfs.namenodes)}] }}, "
                         "auth: { simple: { user: alice } } }\n")
        # The story's topics are the job's; files and instance are this site's.
        self.story.group, self.story.cell_group = f"t.{self.story.name}", f"t.{self.story.name}.0"
        (self.root / f"jobs.d/{self.story.name}.yaml").write_text(self.story.job.read_text() + MARK.format("job"))
        self.job("plain", more=MARK.format("plain"))

    def log_of(self, name):
        path = self.root / f"logs/{name}.log"
        return path.read_text() if path.exists() else ""


def hdfs_daemon():
    """While nobody can tell whether the markers are there, daemon and jobs run on; each deletion that is seen stops what
    it is for, and nothing is lost or doubled."""
    with (Hdfs("--ha") if LONG else Hdfs()) as hdfs:
        hdfs.make_directory("/weir/run")
        with MarkedSite(hdfs) as site:
            story = site.story
            site.start()
            pids = [site.wait_state(name, "running", 60)["pid"] for name in (story.name, "plain")]
            for name in ("daemon", "job", "plain"):
                until(f"the marker {name}", lambda name=name: hdfs.is_there(f"/weir/run/{name}"), 60)

            def runs_on(words):
                """The job says that it cannot tell, and rows come out all the same."""
                until(f"'{words}' in the job's log", lambda: words in site.log_of(story.name), 60)
                story.produce(200)
                story.verify()
                check([site.pid(story.name), site.pid("plain")] == pids, "a job was restarted")

            def seen_again():
                seen = site.log_of(story.name).count("is there, after")
                return lambda: until("the marker is seen again", lambda: site.log_of(story.name).count("is there, after") > seen, 60)

            with story.load():
                again = seen_again()
                hdfs.permit("/weir/run", "700")
                words = "Permission denied"
                until("no permission is told", lambda: words in site.daemon_log() and words in site.log_of(story.name), 60)
                hdfs.permit("/weir/run", "777")
                again()
                if LONG:
                    for _ in range(2):
                        hdfs.script("failover")
                else:
                    with hdfs.safemode():
                        until("another epoch", lambda before=story.cell()[0]: story.cell()[0] > before + 2, 60)
            again = seen_again()
            with hdfs.frozen():
                runs_on("Timeout was reached")
            again()
            again = seen_again()
            hdfs.script("kill", "nn1")
            runs_on("connect to")
            hdfs.script("restart", "nn1")
            if LONG:  # back as a standby, beside one that is not active
                hdfs.script("failover")
            again()

            # One job, under load.
            with story.load():
                hdfs.delete("/weir/run/job")
                site.wait_state(story.name, "stopped", 60)
            check(not is_alive(pids[0]), "the job's process")
            check(site.state("plain") == "running", "the other one runs on")
            site.weir("start", story.name)
            site.wait_state(story.name, "running", 60)
            until("the marker is made again", lambda: hdfs.is_there("/weir/run/job"), 60)
            # All of them.
            with story.load():
                hdfs.delete("/weir/run/daemon")
                check(site.daemon.wait(60) == 0, "the daemon's exit")
            check(hdfs.is_there("/weir/run/job"), "the daemon's end is no wish of a job's")
            # The next daemon makes its marker again, and runs what ran.
            site.start()
            site.wait_state(story.name, "running", 60)
            site.wait_state("plain", "running", 60)
            until("the daemon's marker", lambda: hdfs.is_there("/weir/run/daemon"), 60)
            story.verify()
            check(site.end() == 0, "exit")
            site.check_rows("plain")


if __name__ == "__main__":
    tell([hdfs_daemon])
