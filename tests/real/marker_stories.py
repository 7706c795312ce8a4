#!/usr/bin/env python3
"""Jobs and their markers: stopped by a deletion, whatever the place of the marker does meanwhile.

  marker_stories.py [STORY...]"""

import getpass
import http.server
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time

from cluster import LONG, OTHER_PORTS, ROOT, own
from harness import WEIR, OnlyLong, Story, check, tell
from hdfs import PORTS, Hdfs
from kdc import Kdc


def marked(name, path=None, every="200ms", at_start="create", hdfs="", drain="20s", **more):
    """A story whose job has a marker: at `path`, else in the story's own folder. `hdfs`: what weir.yaml says of it."""
    story = Story(name, extra=f"stop: {{ drain_timeout: {drain} }}", **more)
    story.marker = path or story.dir / "running"
    with open(story.config, "a", encoding="utf-8") as config:
        config.write(hdfs)
    text = story.job.read_text()
    story.job.write_text(text.replace(
        "stop: {", f"stop: {{ marker: {{ path: \"{story.marker}\", check_every: {every}, at_start: {at_start} }},"))
    return story


def marker_deleted():
    """Under load: the open epoch is finished, exit 0, nothing lost or doubled; the next start makes it again."""
    story = marked("deleted")
    run = story.started()
    run.wait_for("was made")
    with story.load():
        epoch = story.cell()[0]
        while story.cell()[0] < epoch + 3:
            run.still_runs()
            time.sleep(0.1)
        story.marker.unlink()
        run.expect(0, f"stopped: the marker {story.marker} was deleted", seconds=30)
    run = story.start()
    run.wait_for("was made")
    story.verify()
    check(story.marker.is_file(), "the marker was not made again")
    run.stop()
    check(story.marker.is_file(), "a stop by signal took the marker away")
    # That stop was one too: somebody who deletes the marker now is not obeyed by the next start.
    story.marker.unlink()
    run = story.start()
    run.wait_for("was made")
    run.stop()


def marker_deleted_while_down():
    """The job was killed: a deletion of meanwhile is the stop, once, however often it is started."""
    story = marked("down")
    run = story.started()
    run.kill()
    story.produce(300)
    run = story.start()
    run.wait_for("is there")
    story.verify()
    run.kill()
    story.marker.unlink()
    epoch = story.cell()
    story.produce(300)
    story.start().expect(0, "was deleted while the job was down", seconds=20)
    check(story.cell() == epoch, "the job ran though its marker was deleted")
    check(not story.marker.exists(), "the deleted marker was made again")
    run = story.start()
    story.verify()
    check(story.marker.exists(), "the start after the stop made no marker")
    run.stop()


def marker_required():
    """Without the marker exit 78; where it cannot be told the job waits; somebody makes it, and it runs."""
    story = marked("required", at_start="require")
    story.start().expect(78, "W4201", str(story.marker), seconds=20)
    away = story.dir / "away"
    story.marker = away / "running"
    story.job.write_text(story.job.read_text().replace("/running", "/away/running"))
    story.produce(200)
    run = story.start()
    run.wait_for("cannot be told")
    check(story.cell() is None, "the job ran before its marker was seen")
    away.mkdir()
    story.marker.touch()
    story.verify()
    shutil.rmtree(away)
    # With its directory it may as well be on a file system that is not mounted.
    story.produce(200)
    run.wait_for("running on")
    story.verify()
    away.mkdir()
    run.expect(0, "was deleted", seconds=20)
    shutil.rmtree(away)
    run = story.start()
    run.wait_for("cannot be told")
    run.stop(seconds=10)


def marker_is_odd():
    """A FIFO is refused and not waited for; a directory that appears late gets its marker."""
    story = marked("odd")
    os.mkfifo(story.marker)
    story.start().expect(78, "W4202", "it is a FIFO", seconds=20)
    story.marker.unlink()
    story.marker = story.dir / "later/running"
    story.job.write_text(story.job.read_text().replace("/running", "/later/running/"))
    run = story.started()
    run.wait_for("cannot be made")
    story.marker.parent.mkdir()
    run.wait_for("was made")
    check(story.marker.is_dir(), "a path with a / at its end is made as a directory")
    # A stop by signal while the marker drains the job is not its second stop.
    with story.load():
        story.marker.rmdir()
        run.wait_for("stopping")
        run.process.send_signal(signal.SIGTERM)
        run.expect(0, "was deleted", seconds=20)
    check("given up" not in run.text(), f"the open epoch was given up; log {run.log}")


def marker_without_broker():
    """A job that waits for Kafka is stopped as well; and with a broker that froze, within its drain_timeout."""
    story = marked("nobody", brokers="127.0.0.1:1")
    run = story.start()
    run.wait_for("was made")
    story.marker.unlink()
    run.expect(0, "was deleted", seconds=20)
    with own("marker", ports=OTHER_PORTS) as cluster:
        story = marked("frozen", cluster=cluster, drain="2s")
        run = story.started()
        story.produce(300)
        with cluster.frozen():
            story.marker.unlink()
            began = time.monotonic()
            run.expect(0, "was deleted", seconds=40)
            check(time.monotonic() - began < 25, f"the drain took {time.monotonic() - began:.0f} s; log {run.log}")
        run = story.start()
        story.verify()
        run.stop()


def marker_of_ended_job():
    """A job that ends by itself was stopped: whoever deletes its marker afterwards stops nothing."""
    story = marked("ended", source=", end: latest")
    story.produce(300)
    story.start().expect(0, "was made", "finished at epoch", seconds=60)
    story.verify()
    story.marker.unlink()
    story.start().expect(0, "was made", "finished at epoch", seconds=60)
    story.verify()


def simple(user):
    return f'{{ simple: {{ user: "{user}" }} }}'


def kerberos(principal, keytab):
    return f"{{ kerberos: {{ principal: {principal}, keytab: {keytab} }} }}"


class Asker:
    """`weir marker` for a job that has nothing but a marker."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def ask(self, act, path, auth):
        job, config = self.folder / "job.yaml", self.folder / "weir.yaml"
        config.write_text(f"hdfs: {{ auth: {auth} }}")
        job.write_text(f"""version: 1
job: asked
sources: {{ numbers: {{ generate: {{ every: 1s }} }} }}
sinks: {{ out: {{ stdout: {{}} }} }}
stop: {{ marker: {{ path: "{path}" }} }}
""")
        return subprocess.run([WEIR, "marker", act, str(job), "--config", str(config)], capture_output=True, text=True,
                              timeout=60)

    def expect(self, act, path, word, why="", user=None, auth=None):
        """The word of standard output; `why`, when standard error must say it."""
        done = self.ask(act, path, auth or simple(user or getpass.getuser()))
        check(done.stdout.startswith(word) and why in done.stderr and (done.returncode == 0) == (not why),
              f"weir marker {act} {path}: exit {done.returncode}, {done.stdout}{done.stderr}; {word} {why} was expected")


def hdfs_answers():
    """What a real NameNode and DataNode say in each case, and what it means."""
    with Hdfs() as hdfs, tempfile.TemporaryDirectory() as folder:
        expect, root = Asker(folder).expect, f"webhdfs://{hdfs.namenodes[0]}"
        hdfs.make_directory("/weir/run")
        expect("status", f"{root}/weir/run/file", "gone")
        for _ in range(2):
            expect("create", f"{root}/weir/run/file", "exists" if _ else "made")
            expect("create", f"{root}/weir/run/directory/", "exists" if _ else "made")
        for name in ("file", "directory", "directory/"):
            expect("status", f"{root}/weir/run/{name}", "exists")
        odd = f"{root}/weir/run/a bü+%25?c&d=e#f"
        expect("create", odd, "made")
        expect("status", odd, "exists")
        check(hdfs.is_there("/weir/run/a bü+%25?c&d=e#f"), "the marker has another name there")
        expect("delete", odd, "deleted")
        expect("delete", odd, "gone")
        expect("status", f"{root}/nowhere/file", "unknown", "its directory /nowhere is not there")
        expect("status", f"{root}/weir/run/file/below", "unknown", "its directory /weir/run/file is a file")
        expect("status", f"{root}/weir/run/file/below", "unknown", "AccessControlException", user="alice")
        expect("status", f"{root}/weir/run/file", "unknown", "IllegalArgumentException", user="a b")
        hdfs.permit("/weir/run", "700")
        for name in ("file", "missing"):
            expect("status", f"{root}/weir/run/{name}", "unknown", "Permission denied", user="alice")
        hdfs.permit("/weir/run", "755")
        expect("status", f"{root}/weir/run/file", "exists", user="alice")
        expect("delete", f"{root}/weir/run/file", "", "Permission denied", user="alice")
        expect("create", f"{root}/weir/run/other", "", "Permission denied", user="alice")
        with hdfs.safemode():
            expect("status", f"{root}/weir/run/file", "exists")
            expect("status", f"{root}/weir/run/missing", "gone")
            expect("create", f"{root}/weir/run/other", "", "SafeModeException")
            expect("create", f"{root}/weir/run/other/", "", "SafeModeException")
            expect("delete", f"{root}/weir/run/file", "", "SafeModeException")
        hdfs.script("kill", "dn")
        expect("status", f"{root}/weir/run/file", "exists")
        expect("status", f"{root}/weir/run/missing", "gone")
        expect("create", f"{root}/weir/run/other", "", "cannot be made")
        expect("create", f"{root}/weir/run/other/", "made")
        both = f"webhdfs://127.0.0.1:1,{hdfs.namenodes[0]}/weir/run/file"
        expect("status", both, "exists")
        with hdfs.frozen():
            began = time.monotonic()
            expect("status", f"{root}/weir/run/file", "unknown", "Timeout was reached")
            check(time.monotonic() - began < 16, "a frozen NameNode held the question")
        hdfs.script("kill", "nn1")
        expect("status", f"{root}/weir/run/file", "unknown", "127.0.0.1")


class NameNode(http.server.BaseHTTPRequestHandler):
    """Has one directory."""

    def do_GET(self):
        there = self.path.split("?")[0] == "/webhdfs/v1/run"
        said = {"FileStatus": {"type": "DIRECTORY"}} if there else {"RemoteException": {"exception": "FileNotFoundException"}}
        self.send_response(200 if there else 404)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *_):
        pass


def hdfs_over_tls():
    """swebhdfs:// believes a certificate of the authority that weir.yaml names, for the host that was asked."""
    with tempfile.TemporaryDirectory() as folder:
        certificates = pathlib.Path(folder) / "certificates"
        subprocess.run([ROOT / "scripts/test-certificates", certificates], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        asker = Asker(folder)
        for name, ca, word, why in (("good", "ca", "exists", ""), ("good", None, "unknown", "certificate"),
                                    ("expired", "ca", "unknown", "expired"), ("otherhost", "ca", "unknown", "127.0.0.1")):
            server = http.server.HTTPServer(("127.0.0.1", 0), NameNode)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates / f"{name}.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            auth = simple("weir") + (f", ca: {certificates / ca}.pem" if ca else "")
            try:
                asker.expect("status", f"swebhdfs://127.0.0.1:{server.server_port}/run", word, why, auth=auth)
                asker.expect("status", f"swebhdfs://127.0.0.1:{server.server_port}/run/x", "gone" if not why else word, why,
                             auth=auth)
            finally:
                server.shutdown()
                thread.join()
                server.server_close()


def runs_on(story, run, words):
    """The job says that it cannot tell, and rows come out all the same."""
    run.wait_for(words)
    for _ in range(2):
        story.produce(200)
        story.verify()
    run.still_runs()


def hdfs_marker():
    """A job with its marker in HDFS runs on while nobody can tell, and stops when the deletion is seen."""
    with Hdfs() as hdfs:
        hdfs.make_directory("/weir/run")
        story = marked("hdfs", f"webhdfs://{hdfs.namenodes[0]}/weir/run/job", every="500ms",
                       hdfs="hdfs: { auth: { simple: { user: alice } } }\n")
        run = story.started()
        run.wait_for("was made")
        check(hdfs.is_there("/weir/run/job"), "there is no marker")
        hdfs.permit("/weir/run", "700")
        runs_on(story, run, "Permission denied")
        hdfs.permit("/weir/run", "777")
        run.wait_for("is there, after")
        with hdfs.frozen():
            runs_on(story, run, "Timeout was reached")
        hdfs.script("kill", "nn1")
        runs_on(story, run, "connect to")
        hdfs.script("restart", "nn1")
        with story.load():
            run.wait_for("is there, after")
            # In safe mode nobody can delete it, and nothing is lost of it.
            with hdfs.safemode():
                time.sleep(1)
                run.still_runs()
            hdfs.delete("/weir/run/job")
            run.expect(0, "stopped: the marker", seconds=30)
        # Killed, and deleted before the next start.
        run = story.start()
        run.wait_for("was made")
        story.verify()
        run.kill()
        hdfs.delete("/weir/run/job")
        story.start().expect(0, "was deleted while the job was down", seconds=30)
        check(not hdfs.is_there("/weir/run/job"), "the deleted marker was made again")


def hdfs_marker_fails_over():
    """Two NameNodes: fail-over, the active one killed or frozen, both standby; only a deletion stops the job."""
    if not LONG:
        raise OnlyLong
    with Hdfs("--ha") as hdfs:
        hdfs.make_directory("/weir/run")
        services = f"hdfs: {{ nameservices: {{ ns1: [{', '.join(hdfs.namenodes)}] }}, auth: {{ simple: {{ user: alice }} }} }}\n"
        story = marked("ha", "hdfs://ns1/weir/run/job", every="500ms", hdfs=services)
        run = story.started()
        run.wait_for("was made")
        with tempfile.TemporaryDirectory() as folder:
            asker = Asker(folder)
            for name in ("job", "missing"):
                asker.expect("status", f"webhdfs://{hdfs.namenodes[1]}/weir/run/{name}", "unknown", "StandbyException")
        with story.load():
            for _ in range(4):
                hdfs.script("failover")
                run.still_runs()
        story.verify()
        check("cannot be told" not in run.text() or "is there, after" in run.text(), f"log {run.log}")
        # The active one is the first again. It freezes; the second is standby and does not know.
        with hdfs.frozen("nn1"):
            runs_on(story, run, "Timeout was reached")
        run.wait_for("is there, after")
        hdfs.script("kill", "nn1")
        runs_on(story, run, "StandbyException")
        hdfs.script("failover")
        with story.load():
            time.sleep(3)
            run.still_runs()
            check(hdfs.is_there("/weir/run/job"), "the marker was lost")
            hdfs.delete("/weir/run/job")
            run.expect(0, "stopped: the marker", seconds=30)
        run = story.start()
        run.wait_for("was made")
        story.verify()
        run.stop()


def hdfs_kerberos():
    """A NameNode that wants Kerberos tickets: by keytab, renewed; without the KDC nobody can tell once they end."""
    port = int(os.environ.get("WEIR_TEST_PORT", "19192")) + PORTS
    with Kdc(port + 20) as kdc, Hdfs("--kerberos", kdc.config, kdc.keytab("HTTP/localhost", "nn/localhost")), \
            tempfile.TemporaryDirectory() as folder:
        os.environ["KRB5_CONFIG"] = str(kdc.config)
        expect, root = Asker(folder).expect, f"webhdfs://localhost:{port}"
        # The superuser, and somebody else.
        superuser = kerberos("nn", kdc.keytab("nn", options=("-maxlife", "5 seconds")))
        keytab = kdc.keytab("weir")
        weir = kerberos(f"weir@{kdc.realm}", keytab)
        expect("create", f"{root}/run/", "made", auth=superuser)
        expect("status", f"{root}/run/job", "gone", auth=weir)
        expect("create", f"{root}/run/job/", "", "Permission denied: user=weir", auth=weir)
        expect("status", f"{root}/run/job", "unknown", "HTTP 401", user="nn")
        expect("status", f"{root}/run/job", "unknown", "Kerberos login as weir", auth=kerberos("weir", folder + "/none"))
        expect("status", f"{root}/run/job", "unknown", "Kerberos login as nobody",
               auth=kerberos("nobody", keytab))

        story = marked("kerberos", f"{root}/run/job/", every="500ms", hdfs=f"hdfs: {{ auth: {superuser} }}\n")
        run = story.started()
        run.wait_for("was made")
        with story.load():  # for the life of two tickets
            time.sleep(11)
        run.still_runs()
        check("cannot be told" not in run.text(), f"a ticket was not renewed; log {run.log}")
        kdc.stop()
        runs_on(story, run, "Kerberos login as nn")
        kdc.start()
        run.wait_for("is there, after")
        expect("delete", f"{root}/run/job", "deleted", auth=superuser)
        run.expect(0, "stopped: the marker", seconds=30)
        story.verify()


tell([marker_deleted, marker_deleted_while_down, marker_required, marker_is_odd, marker_without_broker,
      marker_of_ended_job, hdfs_answers, hdfs_over_tls, hdfs_marker,
      hdfs_marker_fails_over, hdfs_kerberos])
