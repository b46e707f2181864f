"""The worker: takes one job after the other from Redis; told to end, it finishes the one that it has."""

import os
import signal
import time

import redis

from task import task_id

WAIT_SECONDS = 2
WORK_SECONDS = 0.3

task = task_id()
ending = False


def end(*_):
    global ending
    ending = True


def work(store):
    """A job stands in a list of its own while it is done, so that none is lost with its worker."""
    mine = f"doing:{task}"
    number = store.blmove("queue", mine, WAIT_SECONDS, "LEFT", "RIGHT")
    if number is None:
        return
    text = store.hget(f"job:{number}", "text") or ""
    time.sleep(WORK_SECONDS)
    store.hset(f"job:{number}", mapping={"worker": task, "words": len(text.split()), "state": "done"})
    store.lrem(mine, 1, number)
    print(f"job {number}: {len(text.split())} words", flush=True)


def take_over(store):
    """What a worker left that was killed is put back into the queue; its name goes with its lease."""
    store.set(f"alive:{task}", 1, ex=10)
    for mine in store.scan_iter("doing:*"):
        if not store.exists("alive:" + mine.split(":", 1)[1]):
            while store.lmove(mine, "queue", "LEFT", "LEFT"):
                print(f"took over from {mine}", flush=True)


def main():
    signal.signal(signal.SIGTERM, end)
    store = redis.Redis(
        host="redis.local",
        password=os.environ["REDIS_PASSWORD"],
        decode_responses=True,
        socket_timeout=WAIT_SECONDS + 3,
        socket_connect_timeout=2,
    )
    print(f"worker {task} {os.environ['VERSION']}", flush=True)
    while not ending:
        try:
            take_over(store)
            work(store)
        except redis.exceptions.RedisError as error:
            print(f"Redis: {error}", flush=True)
            time.sleep(1)


main()
