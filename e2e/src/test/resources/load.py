"""Constant load on one address: every request is counted, every failed one is named.
usage: load.py HOST_HEADER PORT CONNECTIONS PATH; it ends when it is told to (SIGTERM) and prints its sums.
A line of a failed request: FAILED number began ended what (times in seconds since the epoch)."""
import http.client
import signal
import sys
import threading
import time

host, port, connections, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
over = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: over.set())
lock = threading.Lock()
sums = {"requests": 0, "failed": 0}


def one(connection, number):
    connection.request("GET", f"{path}?n={number}", headers={"Host": host})
    answer = connection.getresponse()
    answer.read()
    return None if answer.status == 200 else f"status {answer.status}"


def run(first):
    number = first
    connection = None
    while not over.is_set():
        number += connections
        began = time.time()
        try:
            connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            wrong = one(connection, number)
        except (OSError, http.client.HTTPException) as e:
            wrong = f"{type(e).__name__} {e}"
            connection.close()
            connection = None
        with lock:
            sums["requests"] += 1
            if wrong:
                sums["failed"] += 1
                print(f"FAILED {number} {began:.3f} {time.time():.3f} {wrong}", flush=True)


threads = [threading.Thread(target=run, args=(i,)) for i in range(connections)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"SUM {sums['requests']} requests, {sums['failed']} failed", flush=True)
