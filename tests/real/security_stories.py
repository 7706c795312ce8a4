#!/usr/bin/env python3
"""TLS and SASL against a real broker: the right credentials, and each way in which they are wrong.

  security_stories.py [STORY...]"""

import base64
import json
import os
import time

from harness import LONG, OnlyLong, Story, check, own, shared, tell

# Where scripts/kafka start --secure listens, behind the cluster's first port.
GOOD, EXPIRED, OTHERHOST = 41, 44, 47


def secured(port=GOOD, cluster=None, mechanism="plain", password="weir-secret", ca=None):
    cluster = cluster or shared()
    security = (f'{{ protocol: sasl_ssl, mechanism: {mechanism}, username: weir, password: "{password}", '
                f'ca: {ca or cluster.ca} }}')
    return Story("secure", cluster, brokers=f"127.0.0.1:{cluster.port + port}", security=security)


def plain_over_tls():
    """A password from a file, kills, and a password that is never shown."""
    story = secured(password="${file:PASSWORD}")
    secret = story.dir / "password"
    secret.write_text("weir-secret")
    story.config.write_text(story.config.read_text().replace("PASSWORD", str(secret)) + "log: { level: debug }\n")
    story.started().kill()
    story.produce(200)
    run = story.start()
    story.verify()
    run.stop()
    check(not any("weir-secret" in each.text() for each in story.runs), "the password stands in a log")


def scram_over_tls():
    """SCRAM with a broker that still takes the final message of librdkafka before 2.6.1 (Kafka 3.9.1; Kafka 4
    refuses it). The long form only: a broker of its own."""
    if not LONG:
        raise OnlyLong
    with own("scram", "--secure", "--version", "3.9.1") as cluster:
        story = secured(cluster=cluster, mechanism="scram-sha-512")
        story.started().kill()
        story.produce(200)
        run = story.start()
        story.verify()
        run.stop()
        secured(cluster=cluster, mechanism="scram-sha-512", password="wrong").start().expect(78, "uthentication", seconds=30)


def jwt(lifetime, subject="weir"):
    """A token that nobody has signed, which the broker of the tests takes."""
    now = int(time.time())
    parts = [{"alg": "none"}, {"sub": subject, "iat": now - 10_000, "exp": now + lifetime}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def bearing(token):
    """Tokens come from a file, as a sidecar keeps it fresh."""
    cluster = shared()
    story = Story("token", cluster, brokers=f"127.0.0.1:{cluster.port + GOOD}",
                  security=f'{{ protocol: sasl_ssl, mechanism: oauthbearer, token: "${{file:TOKEN}}", ca: {cluster.ca} }}')
    story.token = story.dir / "token"
    story.token.write_text(token)
    story.config.write_text(story.config.read_text().replace("TOKEN", str(story.token)) + "log: { level: debug }\n")
    return story


def token_from_file():
    """OAUTHBEARER: kills, an hour's token, and one that is about to expire while the job runs: the file is read again
    before that. No token is ever shown."""
    story = bearing(jwt(3600))
    story.started().kill()
    short = jwt(20)
    story.token.write_text(short)
    run = story.start()
    story.produce(200)
    story.verify()
    story.token.write_text(jwt(3600, "weir2"))
    # A new producer after each epoch, and so a new login, outlives the token that was there at the start.
    until = time.monotonic() + 25
    while time.monotonic() < until:
        story.produce(20)
        story.verify()
    run.stop()
    check(not any(short[:40] in each.text() or "eyJ" in each.text() for each in story.runs), "a token stands in a log")


def wrong_token():
    """One that has expired, which librdkafka finds, and one that is none, which the broker refuses."""
    for token, words in ((jwt(-100), "unexpired token"), ("nonsense", "uthentication")):
        run = bearing(token).start()
        run.expect(78, words, seconds=30)
        check("eyJ" not in run.text() and "nonsense" not in run.text(), f"the token stands in the log {run.log}")


def token_file_missing():
    story = bearing("")
    story.token.unlink()
    run = story.start()
    run.wait_for(str(story.token), seconds=60)


def no_oidc_here():
    """Where librdkafka was built without libcurl, as Debian 12's is, `token_endpoint` is refused before anything starts."""
    cluster = shared()
    story = Story("oidc", cluster, brokers=f"127.0.0.1:{cluster.port + GOOD}", security=(
        f"{{ protocol: sasl_ssl, mechanism: oauthbearer, token_endpoint: 'http://127.0.0.1:1/token', client_id: weir, "
        f"client_secret: weir-secret, ca: {cluster.ca} }}"))
    refused(story, "this librdkafka was built without libcurl")


def no_kerberos_here():
    """Without a ticket, or without the packages, the reason stands in the log."""
    cluster = shared()
    story = Story("kerberos", cluster, brokers=f"127.0.0.1:{cluster.port + GOOD}", security=(
        f"{{ protocol: sasl_ssl, mechanism: gssapi, principal: weir@EXAMPLE.COM, keytab: /nowhere, ca: {cluster.ca} }}"))
    refused(story, "GSSAPI")


def wrong_password():
    refused(secured(password="wrong-secret"), "uthentication failed")


def expired_certificate():
    refused(secured(EXPIRED), "certificate")


def certificate_of_other_host():
    refused(secured(OTHERHOST), "certificate")


def unknown_authority():
    """The system's authorities did not sign the broker's certificate."""
    refused(secured(ca="/etc/ssl/certs/ca-certificates.crt" if os.path.exists("/etc/ssl/certs/ca-certificates.crt")
                    else "/dev/null"), "certificate")


def plaintext_client_at_tls_port():
    story = Story("plaintext", brokers=f"127.0.0.1:{shared().port + GOOD}", extra="stop: { drain_timeout: 5s }")
    run = story.start()
    run.wait_for("waiting_for_kafka", seconds=90)
    run.stop(seconds=30)


def refused(story, words):
    """Waiting cannot help: exit 78, with the reason, within seconds; no password in the log."""
    run = story.start()
    run.expect(78, words, seconds=30)
    check("wrong-secret" not in run.text() and "weir-secret" not in run.text(), f"the password stands in the log {run.log}")
    check(not story.rows(), "rows came out")


tell([plain_over_tls, scram_over_tls, token_from_file, wrong_token, token_file_missing, no_oidc_here, no_kerberos_here, wrong_password, expired_certificate, certificate_of_other_host, unknown_authority,
      plaintext_client_at_tls_port])
