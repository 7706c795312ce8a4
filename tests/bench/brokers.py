"""The brokers that scripts/bench measures against, with the same few methods."""

import subprocess


class RealKafka:
    def __init__(self, root, port):
        self.root = root
        self.folder = "build/bench-kafka"
        self.brokers = self.run("start", "--port", port, "--heap", "1g")

    def run(self, *words):
        return subprocess.run(["scripts/kafka", *words, "--dir", self.folder], cwd=self.root, check=True,
                              stdout=subprocess.PIPE, text=True).stdout.strip()

    def create(self, topic, partitions):
        self.run("create", topic, "--partitions", str(partitions))

    def delete(self, topic):
        self.run("delete", topic)

    def stop(self):
        self.run("stop")
        subprocess.run(["rm", "-rf", self.root / self.folder], check=True)


class NullBroker:
    """null_broker.cc: has its topics from the start, gives what `payments` holds `repeat` times, and
    forgets what is written to the others."""

    def __init__(self, program, port, repeat, topics, partitions):
        self.brokers = f"127.0.0.1:{port}"
        words = [f"{topic}:{partitions}" for topic in ("payments", *topics)]
        self.process = subprocess.Popen([program, port, str(repeat), *words, "weir-epochs:1"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise SystemExit("the null broker does not start")

    def create(self, topic, partitions):
        pass

    def delete(self, topic):
        pass

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
