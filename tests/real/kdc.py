"""A Kerberos KDC of its own for a story, on the loopback: realm WEIR.TEST, in a folder, gone at the end."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from cluster import check


class Kdc:
    """with Kdc(port) as kdc: kdc.keytab(principal) is its keytab, kdc.environment lets programs find the KDC."""

    realm = "WEIR.TEST"

    def __init__(self, port):
        self.port = port
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-kdc-"))
        self.config = self.folder / "krb5.conf"
        self.environment = os.environ | {"KRB5_CONFIG": str(self.config), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}
        self.process = None

    def _run(self, *words):
        done = subprocess.run(words, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        check(done.returncode == 0, f"{words}: {done.stdout}")

    def __enter__(self):
        # Hosts are called as they are written. By TCP: no answer is known at once.
        self.config.write_text(f"""[libdefaults]
 default_realm = {self.realm}
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 {self.realm} = {{
  kdc = 127.0.0.1:{self.port}
 }}
[domain_realm]
 127.0.0.1 = {self.realm}
 localhost = {self.realm}
""")
        (self.folder / "kdc.conf").write_text(f"""[kdcdefaults]
 kdc_listen = 127.0.0.1:{self.port}
 kdc_tcp_listen = 127.0.0.1:{self.port}
[realms]
 {self.realm} = {{
  database_name = {self.folder}/principal
  key_stash_file = {self.folder}/stash
  acl_file = {self.folder}/acl
  max_life = 10h
 }}
""")
        self._run("kdb5_util", "create", "-s", "-r", self.realm, "-P", "weir-secret")
        self.start()
        return self

    def start(self):
        log = open(self.folder / "kdc.log", "ab")
        self.process = subprocess.Popen(["krb5kdc", "-n", "-r", self.realm], env=self.environment, stdout=log, stderr=log)
        until = time.monotonic() + 20
        while True:
            check(self.process.poll() is None and time.monotonic() < until,
                  f"krb5kdc does not answer: {(self.folder / 'kdc.log').read_text()}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def keytab(self, *principals, options=()):
        """A keytab with the keys of these, which are made. `options` of kadmin's addprinc."""
        path = self.folder / (principals[0].replace("/", "-") + ".keytab")
        for principal in principals:
            self._run("kadmin.local", "-r", self.realm, "addprinc", "-randkey", *options, principal)
            self._run("kadmin.local", "-r", self.realm, "ktadd", "-q", "-k", str(path), principal)
        return path

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder)
