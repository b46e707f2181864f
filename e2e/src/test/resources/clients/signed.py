# Requests signed by hand (Signature Version 4), so that they can be wrong: a wrong secret, a clock that is off, a body or header
# that was changed on the way, somebody else's session token. The good one is first, or the rest would prove nothing.
import datetime
import hashlib
import hmac
import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

URL = sys.argv[1]
REGION = "eu-central-1"


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def call(service, body, headers, key, clock=0, sent=None, tamper=lambda headers: headers):
    """The status and the error's code of a POST."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=clock)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    all_headers = {"host": urllib.parse.urlparse(URL).netloc, "x-amz-date": stamp, **headers}
    if key.get("token"):
        all_headers["x-amz-security-token"] = key["token"]
    names = ";".join(sorted(all_headers))
    canonical = "\n".join(["POST", "/", ""] + [f"{n}:{all_headers[n]}" for n in sorted(all_headers)] +
                          ["", names, hashlib.sha256(body).hexdigest()])
    scope = f"{day}/{REGION}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    secret = ("AWS4" + key["secret"]).encode()
    for part in (day, REGION, service, "aws4_request"):
        secret = mac(secret, part)
    signature = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    all_headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key['id']}/{scope}, SignedHeaders={names}, Signature={signature}")
    request = urllib.request.Request(URL, body if sent is None else sent, tamper(all_headers), method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        said = e.read().decode()
        return e.code, said


def sts(key, **more):
    return call("sts", b"Action=GetCallerIdentity&Version=2011-06-15", {"content-type": "application/x-www-form-urlencoded"}, key, **more)


def ecs(key, **more):
    return call("ecs", b"{}", {"content-type": "application/x-amz-json-1.1",
                               "x-amz-target": "AmazonEC2ContainerServiceV20141113.ListClusters"}, key, **more)


def root(service, body, headers):
    return call(service, body, headers, {"id": "test", "secret": "any"})


def expect(answer, status, *texts):
    assert answer[0] == status and all(t in answer[1] for t in texts), (answer, status, texts)


form = {"content-type": "application/x-www-form-urlencoded"}
expect(root("iam", b"Action=CreateUser&Version=2010-05-08&UserName=signed", form), 200)
said = root("iam", b"Action=CreateAccessKey&Version=2010-05-08&UserName=signed", form)[1]
part = lambda text, name: text.split(f"<{name}>")[1].split("<")[0]
key = {"id": part(said, "AccessKeyId"), "secret": part(said, "SecretAccessKey")}
expect(sts(key), 200, "user/signed")
expect(ecs(key), 200, "clusterArns")

wrong = {**key, "secret": "not it"}
expect(sts(wrong), 403, "<Code>SignatureDoesNotMatch</Code>")
expect(ecs(wrong), 400, "InvalidSignatureException")
expect(ecs(key, clock=299), 200)
expect(ecs(key, clock=-270), 200)  # the rest of the five minutes is for the way
for clock, text in ((-16 * 60, "Signature expired"), (16 * 60, "Signature not yet current")):
    expect(sts(key, clock=clock), 403, "<Code>SignatureDoesNotMatch</Code>", text)
    expect(ecs(key, clock=clock), 400, "InvalidSignatureException", text)
expect(ecs(key, sent=b'{"maxResults":1}'), 400, "InvalidSignatureException")


def flip(headers):
    last = headers["authorization"][-1]
    return {**headers, "authorization": headers["authorization"][:-1] + ("0" if last != "0" else "1")}


expect(ecs(key, tamper=flip), 400, "InvalidSignatureException")
expect(ecs(key, tamper=lambda h: {**h, "x-amz-target": "AmazonEC2ContainerServiceV20141113.DescribeClusters"}), 400, "InvalidSignatureException")
expect(ecs(key, tamper=lambda h: {**h, "x-amz-security-token": "none of it"}), 400, "UnrecognizedClientException")

tokens = []
for n in range(2):
    said = call("sts", b"Action=GetSessionToken&Version=2011-06-15", form, key)[1]
    tokens.append({"id": part(said, "AccessKeyId"), "secret": part(said, "SecretAccessKey"), "token": part(said, "SessionToken")})
expect(sts(tokens[0]), 200, "user/signed")
expect(sts({**tokens[0], "token": tokens[1]["token"]}), 403, "<Code>InvalidClientTokenId</Code>")
expect(sts({**tokens[0], "token": None}), 403, "<Code>InvalidClientTokenId</Code>")
# A key that was switched off, and one that is gone, are nobody's.
expect(root("iam", f"Action=UpdateAccessKey&Version=2010-05-08&UserName=signed&Status=Inactive&AccessKeyId={key['id']}".encode(), form), 200)
off = sts(key)
expect(off, 403, "<Code>InvalidClientTokenId</Code>")
print("ok")
