#!/usr/bin/env python3
"""TLS and SASL against a real broker: the right credentials, and each way in which they are wrong.

  security_stories.py [STORY...]"""

import os

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


tell([plain_over_tls, scram_over_tls, wrong_password, expired_certificate, certificate_of_other_host, unknown_authority,
      plaintext_client_at_tls_port])
