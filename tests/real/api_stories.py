#!/usr/bin/env python3
"""What the daemon's API answers, and what it does not let anybody do to it. No Kafka.

  api_stories.py [STORY...]"""

import json
import os
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import time

from api_site import ApiSite, ask_process, parse, read_all, send_quietly, sockets_of, status
from daemon_stories import until
from harness import WEIR, check, tell
from openapi import Document

TOKEN = "correct-horse-battery-staple"


def api_malformed():
    """Requests that are none, cut off, too large, in pieces or several at once: refused by number, and nothing else suffers."""
    host = b"Host: localhost\r\n"
    wanted = [
        (b"hello\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n", 400),
        (b"GET /livez\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n" + host + host + b"\r\n", 400),
        (b"GET /livez HTTP/2.0\r\n" + host + b"\r\n", 505),
        (b"GET http://localhost/livez HTTP/1.1\r\n" + host + b"\r\n", 400),
        (b"GET /%00 HTTP/1.1\r\n" + host + b"\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n" + host + b"no colon\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n" + host + b" folded: x\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n" + host + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 1_000_000, 431),
        (b"POST /v1/reload HTTP/1.1\r\n" + host + b"Content-Length: 1000000\r\n\r\n" + b"a" * 1_000_000, 413),
        (b"POST /v1/reload HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n", 400),
        (b"POST /v1/reload HTTP/1.1\r\n" + host + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /v1/reload HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        (b"GET /livez HTTP/1.0\r\n\r\n", 200),
    ]
    with ApiSite() as site:
        site.job("a")
        site.start()
        for at_address in (True, False):
            for request, number in wanted:
                answer = site.raw(request, at_address)
                check(status(answer) == number, f"{request[:60]}: {answer[:200]}, not {number}")
            # What is cut off is answered by nothing, and harms nobody.
            whole = b"POST /v1/jobs/a/stop HTTP/1.1\r\n" + host + b"Content-Length: 4\r\n\r\nbody"
            for size in range(0, len(whole), 7):
                check(site.raw(whole[:size], at_address, closes=True) == b"", f"{size} bytes of a request")
            # One request on a connection; what follows it is not carried out.
            get = b"GET /livez HTTP/1.1\r\n" + host + b"\r\n"
            answer = site.raw(get + whole, at_address)
            check(answer.count(b"HTTP/1.1 ") == 1 and b"Connection: close" in answer, answer)
        check(site.wait_state("a", "running")["desired"] == "running", "no request of these stopped the job")
        check(site.end() == 0, "exit")


def api_paths_and_methods():
    """Unknown paths are 404, wrong methods 405 with those that are right; HEAD is GET without its body."""
    with ApiSite() as site:
        site.job("a")
        site.start()
        site.wait_state("a", "running")
        for path in ("/v1", "/v1/jobs/", "/v1/jobs/a/b", "/v1/jobs/a/stop/x", "/v1/job", "/../etc/passwd", "//", "/LIVEZ"):
            code, headers, body = site.ask("GET", path)
            check(code == 404 and "there is no" in body, f"{path}: {code} {body}")
        check(site.ask("GET", "/v1/jobs/nobody")[0] == 404, "an unknown job")
        check(site.ask("POST", "/v1/jobs/nobody/stop")[0] == 404, "stop of an unknown job")
        for method, path, allowed in (("GET", "/v1/reload", "post"), ("POST", "/v1/jobs", "get, head"),
                                      ("DELETE", "/v1/jobs/a", "get, head"), ("GET", "/v1/jobs/a/stop", "post"),
                                      ("OPTIONS", "/v1/jobs/a/stop", "post"), ("PUT", "/metrics", "get, head")):
            code, headers, _ = site.ask(method, path)
            check(code == 405 and headers["allow"] == allowed, f"{method} {path}: {code} {headers}")
        for path in ("/livez", "/v1/jobs", "/v1/jobs/a", "/v1/nothing"):
            code, headers, body = site.ask("HEAD", path)
            check(code == site.ask("GET", path)[0] and body == "", f"HEAD {path}: {code} {body}")
            check(int(headers["content-length"]) > 0, headers)
        check(site.ask("POST", "/v1/restart?parallel=0")[0] == 400, "parallel=0")
        check(site.end() == 0, "exit")


def api_slow_clients():
    """Who sends a byte now and then, or does not take the answer, is let go in time and keeps nobody waiting."""
    with ApiSite() as site:
        site.job("a")
        site.start("--api-request-ms", "600")
        for at_address in (True, False):
            began = time.monotonic()
            slow = [site.connect(at_address) for _ in range(20)]
            for at in range(3):
                for client in slow:
                    client.sendall(b"GET"[at:at + 1])
                check("a" in site.weir("ps"), "the others are answered")
            for client in slow:
                check(status(read_all(client)) == 408, "a slow client is told so")
                client.close()
            check(0.5 < time.monotonic() - began < 5, f"after {time.monotonic() - began:.1f} s")
        # Without taking a byte of the answer.
        client = site.connect()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until("the daemon has let the connections go", lambda: sockets_of(site.daemon.pid) <= 4 + 2)
        check(site.ask("GET", "/livez")[0] == 200, "livez")
        client.close()
        check(site.end() == 0, "exit")


def api_thousand_connections():
    """1,000 connections at once, at the address and at the socket: each is answered or told why not, and the CLI is served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with ApiSite() as site:
        site.job("a")
        site.start()
        before = sockets_of(site.daemon.pid)
        for at_address in (True, False):
            # Silent ones: the places are taken, and the 65th and on are refused at once.
            clients = [site.connect(at_address) for _ in range(1000)]
            check(sockets_of(site.daemon.pid) <= before + 2 * 64 + 4, f"{sockets_of(site.daemon.pid)} sockets")
            until("the CLI is served", lambda: subprocess.run(
                [WEIR, "ps", "--config", str(site.config)], capture_output=True, timeout=60).returncode == 0)
            check(site.get("/livez") == "ok\n", "livez at the socket")
            until("livez at the address", lambda: site.ask("GET", "/livez")[0] == 200)
            for client in clients:
                client.close()
            # Those that ask: every one has an answer.
            clients = [site.connect(at_address) for _ in range(1000)]
            answers = []
            for client in clients:
                send_quietly(client, b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            for client in clients:
                answers.append(status(read_all(client)))
                client.close()
            check(set(answers) <= {200, 429} and answers.count(200) >= 50,
                  str({number: answers.count(number) for number in set(answers)}))
        site.wait_state("a", "running")
        check(site.end() == 0, "exit")


def api_hung_job():
    """Many who ask a process that hangs wait, or are turned away; all that asks another process, or none, is answered."""
    with ApiSite() as site:
        for name in "ab":
            site.job(name)
        site.start()
        for name in "ab":
            site.wait_state(name, "running")
        ask = b"GET /v1/jobs/a/offsets HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for at_address in (True, False):
            os.kill(site.pid("a"), signal.SIGSTOP)
            if not at_address:
                # What is asked by those that hang up is not kept; a half-closed connection at an address waits.
                for _ in range(300):
                    with site.connect(at_address) as client:
                        send_quietly(client, ask)
                began = time.monotonic()
                until("the other job", lambda: site.ask("GET", "/v1/jobs/b/offsets", at_address)[0] == 200)
                check(time.monotonic() - began < 10, f"the other job after {time.monotonic() - began:.1f} s")
            clients = [site.connect(at_address) for _ in range(100)]
            for client in clients:
                send_quietly(client, ask)
            began = time.monotonic()
            until("livez", lambda: site.ask("GET", "/livez", at_address)[0] == 200)
            check(time.monotonic() - began < 5, f"livez after {time.monotonic() - began:.1f} s")
            os.kill(site.pid("a"), signal.SIGCONT)
            answers = [status(read_all(client)) for client in clients]
            check(set(answers) <= {200, 429, 503} and 429 in answers, str(answers))
            for client in clients:
                client.close()
            check(site.ask("GET", "/v1/jobs/a/offsets", at_address)[0] == 200, "it answers again")
        check(site.end() == 0, "exit")


def api_token():
    """With a token nothing is answered without it; off the loopback weir does not start without one."""
    with ApiSite("listen: 127.0.0.1:PORT, token: '${file:TOKEN}'") as site:
        token = site.root / "token"
        site.config.write_text(site.config.read_text().replace("TOKEN", str(token)))
        token.write_text(TOKEN + "\n")
        site.job("a")
        site.start()
        site.wait_state("a", "running")
        for path in ("/livez", "/metrics", "/v1/jobs", "/nothing"):
            for wrong in (None, "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN,
                          f"Bearer {TOKEN} {TOKEN}"):
                code, headers, body = site.ask("GET", path, Authorization=wrong)
                check(code == 401 and headers["www-authenticate"] == "bearer" and TOKEN not in body, f"{wrong}: {code}")
        check(site.ask("POST", "/v1/jobs/a/stop")[0] == 401, "stop")
        check("running" not in site.ask("GET", "/")[2].split("<body>")[1].split("<script")[0], "the page has no job in it")
        check(site.ask("GET", "/livez", Authorization=f"Bearer {TOKEN}")[0] == 200, "the right one")
        check(site.ask("GET", "/livez", Host="weir.example.org", Authorization=f"Bearer {TOKEN}")[0] == 200, "any name")
        # The socket needs none; a token may be changed while the daemon runs.
        check(site.get("/livez") == "ok\n", "the socket")
        token.write_text(TOKEN[::-1])
        check(site.ask("GET", "/livez", Authorization=f"Bearer {TOKEN}")[0] == 401, "the old one")
        check(site.ask("GET", "/livez", Authorization=f"Bearer {TOKEN[::-1]}")[0] == 200, "the new one")
        token.unlink()
        check(site.ask("GET", "/livez", Authorization="Bearer ")[0] == 401, "no token at all")
        check(site.state("a") == "running" and TOKEN not in site.daemon_log(), "the job and the log")
        check(site.end() == 0, "exit")
    for listen in ("0.0.0.0:PORT", "'[::]:PORT'", "192.0.2.1:8080"):
        with ApiSite(f"listen: {listen}") as site:
            refused = subprocess.run([WEIR, "check", str(site.config)], capture_output=True, text=True, timeout=60)
            check(refused.returncode == 78 and "token" in refused.stderr, refused.stderr)
            refused = subprocess.run([WEIR, "daemon", "--config", str(site.config)], capture_output=True, text=True,
                                     timeout=60)
            check(refused.returncode == 78 and "token" in refused.stderr, refused.stderr)


def api_browsers():
    """A web page, whatever name it gives this machine, cannot change anything, nor read by a name of its own."""
    with ApiSite() as site:
        site.job("a")
        site.start()
        site.wait_state("a", "running")
        here = f"127.0.0.1:{site.port}"
        # DNS rebinding: the page's own name points here.
        for host in ("evil.example", f"evil.example:{site.port}", "localhost.evil.example", "127.0.0.1.evil.example", "::1evil"):
            for method, path in (("GET", "/v1/jobs"), ("POST", "/v1/jobs/a/stop")):
                code, _, body = site.ask(method, path, Host=host)
                check(code == 403 and "running" not in body, f"{host}: {code} {body}")
        for host in (here, f"localhost:{site.port}", "localhost", f"[::1]:{site.port}"):
            check(site.ask("GET", "/v1/jobs", Host=host)[0] == 200, host)
        # A form that is sent across.
        for origin in ("http://evil.example", "null", f"http://127.0.0.1:{site.port + 1}", "https://localhost"):
            check(site.ask("POST", "/v1/jobs/a/stop", Origin=origin)[0] == 403, origin)
        for where in ("cross-site", "same-site"):
            check(site.ask("POST", "/v1/jobs/a/stop", Sec_Fetch_Site=where)[0] == 403, where)
        code, headers, _ = site.ask("GET", "/v1/jobs", Origin="http://evil.example")
        check(not any(name.startswith("access-control") for name in headers), headers)
        check(headers["x-content-type-options"] == "nosniff", headers)
        check(site.jobs()["a"]["desired"] == "running", "nothing was changed")
        check(site.ask("POST", "/v1/jobs/a/restart", Origin=f"http://{here}", Sec_Fetch_Site="same-origin")[0] == 202,
              "the API's own page may")
        check(site.end() == 0, "exit")


def api_sockets_are_private():
    """Sockets are their user's alone, those of jobs in a directory that is, too; what stands in the way is not removed."""
    before = os.umask(0)
    try:
        with ApiSite() as site:
            site.job("a")
            site.start()
            site.wait_state("a", "running")
            modes = {path: stat.S_IMODE((site.root / path).stat().st_mode)
                     for path in ("run", "run/weir.sock", "run/jobs", "run/jobs/a.sock", "logs/a.log")}
            check(modes["run/weir.sock"] == 0o600 and modes["run/jobs/a.sock"] == 0o600 and modes["run/jobs"] == 0o700, modes)
            check(not modes["run"] & 0o022, modes)
            check(site.end() == 0, "exit")
            check(not (site.root / "run/weir.sock").exists(), "the socket is gone with the daemon")
            (site.root / "run/weir.sock").write_text("mine")
            refused = subprocess.run([WEIR, "daemon", "--config", str(site.config)], capture_output=True, text=True,
                                     timeout=60)
            check(refused.returncode == 78 and "no socket stands there" in refused.stderr, refused.stderr)
            check((site.root / "run/weir.sock").read_text() == "mine", "it is as it was")
    finally:
        os.umask(before)


def api_answers_as_described():
    """Every path of openapi.json, of jobs in every state, with every query: the answers are as they are described."""
    with ApiSite() as site:
        site.job("runs", source="generate: { every: 10ms }")
        site.job("done", source="generate: { every: 1ms, count: 5 }")
        site.job("stopped")
        site.job("fails", more="restart: { max_attempts: 1 }\n")
        (site.root / "jobs.d/wrong.yaml").write_text("version: 1\njob: wrong\nsorces: {}\n")
        (site.root / "jobs.d/twice.yaml").write_text((site.root / "jobs.d/runs.yaml").read_text().replace("runs", "two"))
        (site.root / "jobs.d/again.yaml").write_text((site.root / "jobs.d/twice.yaml").read_text())
        site.start()
        os.kill(site.wait_state("fails", "running")["pid"], 9)
        for name, state in (("fails", "failed"), ("runs", "running"), ("done", "finished")):
            site.wait_state(name, state)
        site.weir("stop", "stopped")
        code, headers, text = site.ask("GET", "/v1/openapi.json")
        check(code == 200 and headers["content-type"] == "application/json", "the description")
        document = Document(text)
        until("an epoch with rows", lambda: site.get("/v1/jobs/runs")["process"]["progress"])

        def hold(operation, what, code, headers, body):
            mistakes = document.mistakes_of_answer(operation, code, headers["content-type"], body)
            check(not mistakes, f"{what}: {code} {mistakes} in {body[:600]}")
            return code

        codes = {}
        operations = sorted(document.operations("daemon"), key=lambda each: each[0] != "GET")
        for method, path, operation in operations:
            for name in ("runs", "done", "stopped", "fails", "wrong", "nobody") if "{name}" in path else ("",):
                for query in document.queries(operation):
                    target = path.replace("{name}", name) + query
                    codes.setdefault((method, path), set()).add(
                        hold(operation, f"{method} {target}", *site.ask(method, target)))
        for method, path, operation in document.operations("job"):
            site.wait_state("runs", "running")
            for query in document.queries(operation):
                hold(operation, f"{method} {path}{query} of a process",
                     *ask_process(site.root / "run/jobs/runs.sock", method, path + query))
        for (method, path), seen in codes.items():
            good = {200, 202, 503} if path == "/readyz" else {200, 202}
            check(seen & good, f"{method} {path} was only ever refused: {seen}")
        check(codes["GET", "/v1/jobs/{name}/plan"] == {200, 404, 409}, str(codes["GET", "/v1/jobs/{name}/plan"]))
        plan = site.ask("GET", "/v1/jobs/runs/plan")[2]
        check("generate" in plan and str(site.root) in plan, plan)
        # What is refused before it meets a route.
        refused = document.resolve(document.root["components"]["responses"]["Refused"])
        for method, path, headers in (("GET", "/nothing", {}), ("PUT", "/livez", {}), ("GET", "/livez", {"Host": "evil.example"})):
            code, _, body = site.ask(method, path, **headers)
            check(str(code) in refused["description"], f"{code} is not named in the description of what is refused")
            mistakes = list(document.mistakes({"$ref": "#/components/schemas/Error"}, json.loads(body), "answer"))
            check(not mistakes, str(mistakes))
        check(site.end() == 0, "exit")


# Runs the page's script with as much of a browser as it uses, and prints the texts that stand in the page.
BROWSER = r"""
const [script, port] = process.argv.slice(1);
const made = name => ({ name, children: [], textContent: "", hidden: true, append(...all) { this.children.push(...all); },
  replaceChildren(...all) { this.children = all; }, addEventListener() {} });
const byId = {};
const page = { hidden: false, getElementById: id => byId[id] ??= made(id), createElement: made };
const texts = node => [node.textContent, ...node.children.map(texts)].flat().filter(text => text !== "");
const here = (path, options) => fetch(`http://127.0.0.1:${port}${path}`, options);
let looks = 0;
const every = look => setTimeout(async () => {
  await look();
  setTimeout(() => { console.log(JSON.stringify(texts({ textContent: "", children: Object.values(byId) }))); }, 300);
}, 700);
new Function("document", "fetch", "setInterval", script)(page, here, every);
"""


def api_page():
    """The page at / shows the jobs; nothing in it is from elsewhere, and nothing but its own script may run in it."""
    with ApiSite() as site:
        site.job("a", source="generate: { every: 10ms }")
        (site.root / "jobs.d/wrong.yaml").write_text("version: 1\njob: wrong\n'<script>alert(1)</script>': {}\n")
        site.start()
        site.wait_state("a", "running")
        code, headers, page = site.ask("GET", "/")
        policy = headers["content-security-policy"]
        check(code == 200 and headers["content-type"].startswith("text/html"), f"{code} {headers}")
        check("default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy, policy)
        nonce = re.search(r"script-src 'nonce-(\w{32})'", policy)[1]
        check(nonce in page and page.count("<script") == page.count(f'<script nonce="{nonce}"') == 1, "the script")
        check(page.count("<style") == page.count(f'<style nonce="{nonce}"') == 1, "the style")
        check(nonce not in site.ask("GET", "/")[2], "the nonce is another one each time")
        check(not re.search(r"https?://|\bsrc=|\bhref=|\bon\w+=|style=|innerHTML|eval\(", page), "something from elsewhere")
        if not shutil.which("node"):
            print("without node the page's script is not run")
            return
        script = page.split(f'<script nonce="{nonce}">')[1].split("</script>")[0]
        texts = json.loads(subprocess.check_output(["node", "-e", BROWSER, script, str(site.port)], timeout=60))
        check({"a", "running", "wrong", "invalid"} <= set(texts), str(texts))
        check(any("<script>alert(1)" in text for text in texts), "what is wrong with a file is text")
        at = texts.index("a")
        check(float(texts[at + 3].replace(",", "")) > 20, f"rows a second, by two looks: {texts[at:at + 10]}")
        check(site.end() == 0, "exit")


if __name__ == "__main__":
    tell([api_malformed, api_paths_and_methods, api_slow_clients, api_thousand_connections, api_hung_job, api_token, api_browsers,
          api_sockets_are_private, api_answers_as_described, api_page])
