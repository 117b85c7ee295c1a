"""Writers: clients that make new users by HTTP, each request again until it is answered with 200.

Usage: writers.py SECONDS URL...; a line of what was seen is printed at the end, as JSON: the openids of the users whose creation was
acknowledged, how many requests had to be sent again, and the longest time in which nothing was acknowledged at all.
"""

import http.client
import json
import sys
import threading
import time
from urllib.parse import urlsplit

WRITERS = 32
TIMEOUT = 10
PATIENCE = 120


class Writer(threading.Thread):
    """A client with a connection of its own, which goes to the next server when one does not answer, as a balancer would."""

    def __init__(self, number, urls, end):
        super().__init__()
        self.number = number
        self.servers = [urlsplit(url).netloc for url in urls]
        self.server = number % len(urls)
        self.end = end
        self.connection = None
        self.acknowledged = []
        self.times = []
        self.again = 0
        self.error = None

    def run(self):
        try:
            n = 0
            while time.monotonic() < self.end:
                self.make(f"p{self.number}x{n}")
                n += 1
        except Exception as error:  # told by the main thread
            self.error = error

    def make(self, name):
        deadline = time.monotonic() + PATIENCE
        while self.status(name) != 200:
            self.again += 1
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} is not settled")
            time.sleep(0.05)
        self.acknowledged.append(f"o_{name}")
        self.times.append(time.monotonic())

    def status(self, name):
        body = json.dumps({"users_wx_code": name})
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.servers[self.server], timeout=TIMEOUT)
            self.connection.request("POST", "/api/wechat/login", body, {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            self.server = (self.server + 1) % len(self.servers)
            return None


def longest_pause(times):
    times = sorted(times)
    return max((after - before for before, after in zip(times, times[1:])), default=0.0)


def main():
    end = time.monotonic() + float(sys.argv[1])
    writers = [Writer(number, sys.argv[2:], end) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    errors = [str(writer.error) for writer in writers if writer.error]
    print(json.dumps({
        "acknowledged": [name for writer in writers for name in writer.acknowledged],
        "again": sum(writer.again for writer in writers),
        "outage": longest_pause([at for writer in writers for at in writer.times]),
        "errors": errors,
    }))


if __name__ == "__main__":
    main()
