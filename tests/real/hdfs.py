"""An HDFS of its own for a story, on the loopback: scripts/hdfs starts it, its WebHDFS is asked with Python alone.
Its first port is WEIR_TEST_PORT+108."""

import contextlib
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from cluster import ROOT, check

PORTS = 108


class Hdfs:
    """with Hdfs() as hdfs: its NameNodes are hdfs.namenodes, of which with "--ha" the second is standby."""

    def __init__(self, *options):
        port = int(os.environ.get("WEIR_TEST_PORT", "19192")) + PORTS
        self.options, self.port = options, port
        self.folder = f"build/hdfs-{port}"

    def script(self, *words):
        done = subprocess.run([str(ROOT / "scripts/hdfs"), *words, "--dir", self.folder], cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        check(done.returncode == 0, f"scripts/hdfs {' '.join(words)}: {done.stdout}")
        return done.stdout

    def __enter__(self):
        self._remove()  # of a story that was killed
        self.namenodes = self.script("start", "--port", str(self.port), *map(str, self.options)).split()[-1].split(",")
        return self

    def __exit__(self, *_):
        self._remove()

    def _remove(self):
        if (ROOT / self.folder).exists():
            self.script("stop")
            shutil.rmtree(ROOT / self.folder)

    @contextlib.contextmanager
    def frozen(self, node="nn1"):
        self.script("freeze", node)
        try:
            yield
        finally:
            self.script("thaw", node)

    @contextlib.contextmanager
    def safemode(self):
        self.script("safemode", "enter")
        try:
            yield
        finally:
            self.script("safemode", "leave")

    def ask(self, method, path, operation, **options):
        """The answer of the first NameNode that has one, as (status, JSON); the superuser asks."""
        options |= {"op": operation, "user.name": options.pop("user", os.environ.get("USER") or "root")}
        query = urllib.parse.urlencode(options)
        for namenode in self.namenodes:
            url = f"http://{namenode}/webhdfs/v1{urllib.parse.quote(path)}?{query}"
            try:
                with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as answer:
                    return answer.status, json.loads(answer.read() or b"null")
            except urllib.error.HTTPError as error:
                said = error.read()
                if b"StandbyException" not in said:
                    return error.code, said
            except OSError:
                pass
        return 0, None

    def make_directory(self, path, permission="777"):
        status, answer = self.ask("PUT", path, "MKDIRS", permission=permission)
        check(status == 200, f"MKDIRS {path}: {status} {answer}")
        # The server's umask does not count here.
        self.permit(path, permission)

    def permit(self, path, permission):
        status, answer = self.ask("PUT", path, "SETPERMISSION", permission=permission)
        check(status == 200, f"SETPERMISSION {path}: {status} {answer}")

    def is_there(self, path):
        return self.ask("GET", path, "GETFILESTATUS")[0] == 200

    def delete(self, path):
        status, answer = self.ask("DELETE", path, "DELETE")
        check(status == 200 and answer["boolean"], f"DELETE {path}: {status} {answer}")
