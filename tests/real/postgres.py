"""A PostgreSQL of its own for a test, on the loopback: started in a folder, stopped and removed."""
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile


def _binaries():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise RuntimeError("PostgreSQL is not installed; scripts/install-deps does it")
    return found[-1].parent


class Postgres:
    """with Postgres(port) as server: server.psql(script)"""

    def __init__(self, port):
        self.port = port
        self.binaries = _binaries()
        # PostgreSQL does not run as root, and every folder above must be searchable for its user.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-postgres-"))
        self.prefix = []
        if os.getuid() == 0:
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, -1)
            self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups",
                           "env", f"HOME={self.folder}"]

    def _run(self, program, *words):
        done = subprocess.run([*self.prefix, self.binaries / program, *words], cwd=self.folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr}")

    def __enter__(self):
        self._run("initdb", "-D", "data", "-U", "weir", "-A", "trust", "--no-locale", "-E", "UTF8",
                  "--no-sync")
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-o",
                  f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off "
                  "-c shared_buffers=32MB", "start")
        return self

    def __exit__(self, *_):
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def psql(self, script):
        """What psql prints for a script; its first mistake is an exception."""
        done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                               str(self.port), "-U", "weir", "postgres"],
                              input=script, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout
