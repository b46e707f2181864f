"""The API: takes jobs, hands them to the workers through Redis, and tells how they stand."""

import os
import time

import boto3
import redis
from flask import Flask, jsonify, request

from task import task_id

VERSION = os.environ["VERSION"]
GREETING_SECONDS = 5
JOBS_KEPT = 50
TEXT_LIMIT = 200

app = Flask(__name__)
task = task_id()
store = redis.Redis(
    host="redis.local",
    password=os.environ["REDIS_PASSWORD"],
    decode_responses=True,
    socket_timeout=3,
    socket_connect_timeout=2,
    # A connection to a Redis that was replaced is dead: look again before it is used.
    health_check_interval=5,
    retry_on_timeout=True,
)
ssm = boto3.client("ssm", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
greeting = {"text": "", "until": 0.0}


def answer(**fields):
    return jsonify(task=task, version=VERSION, **fields)


@app.get("/health")
def health():
    return "ok\n"


@app.get("/api/whoami")
def whoami():
    return answer()


@app.get("/api/greeting")
def greet():
    """A parameter that only this service's role may read, looked up again every few seconds."""
    if time.monotonic() > greeting["until"]:
        found = ssm.get_parameter(Name=os.environ["GREETING_PARAMETER"])
        greeting.update(text=found["Parameter"]["Value"], until=time.monotonic() + GREETING_SECONDS)
    return answer(greeting=greeting["text"])


@app.post("/api/jobs")
def submit():
    text = (request.get_json(silent=True) or {}).get("text")
    if not isinstance(text, str) or not 0 < len(text) <= TEXT_LIMIT:
        return answer(error=f"'text' is a string of 1 to {TEXT_LIMIT} characters"), 400
    number = store.incr("last-job")
    store.hset(f"job:{number}", mapping={"id": number, "text": text, "api": task, "state": "waiting"})
    pipeline = store.pipeline()
    pipeline.lpush("recent", number)
    pipeline.ltrim("recent", 0, JOBS_KEPT - 1)
    pipeline.rpush("queue", number)
    pipeline.execute()
    return answer(id=number), 202


@app.get("/api/jobs")
def jobs():
    pipeline = store.pipeline()
    for number in store.lrange("recent", 0, JOBS_KEPT - 1):
        pipeline.hgetall(f"job:{number}")
    return answer(jobs=[job for job in pipeline.execute() if job])
