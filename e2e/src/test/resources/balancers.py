#!/usr/bin/env python3
"""Load balancers as users meet them: the API by boto3, targets in this process and nginx, clients by socket and curl.
usage: balancers.py GANTRY_SCRIPT WORK_FOLDER PORT   (PORT to PORT + 10 must be free)"""
import base64, glob, hashlib, json, os, re, socket, ssl, subprocess, sys, threading, time, urllib.parse, zlib
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.exceptions import ClientError

GANTRY, WORK, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
DATA = os.path.join(WORK, "data")
FIRST = PORT + 1


def say(text):
    print("==", text, flush=True)


def check(holds, what):
    if not holds:
        raise AssertionError(what)


def until(what, holds, seconds=60):
    end = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        check(time.monotonic() < end, "not in time: %s" % what)
        time.sleep(0.1)


class Target(ThreadingHTTPServer):
    """A target that does as it is told."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, name):
        super().__init__(("127.0.0.1", 0), Answer)
        self.name, self.health, self.hang, self.cookie = name, 200, False, None
        self.held, self.go = [], threading.Event()
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, address):
        pass  # a check that had been given up

    def stop(self):
        self.shutdown()
        self.server_close()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        target = self.server
        if self.headers.get("User-Agent", "").startswith("ELB-HealthChecker"):
            if target.hang:
                time.sleep(4)
            self.plain(target.health, "checked")
            return
        if self.headers.get("Upgrade") == "websocket":
            self.websocket()
            return
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query, keep_blank_values=True)
        if "hold" in query:
            target.held.append(self.path)
            target.go.wait(60)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        said = {"name": target.name, "path": self.path, "method": self.command, "body": body,
                "headers": {k.lower(): v for k, v in self.headers.items()}}
        self.plain(200, json.dumps(said))

    do_POST = do_PUT = do_DELETE = do_GET

    def plain(self, status, text):
        self.send_response(status)
        if self.server.cookie:
            self.send_header("Set-Cookie", self.server.cookie)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def websocket(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.wfile.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n" % accept).encode())
        self.close_connection = True
        while True:
            some = self.request.recv(4096)
            if not some:
                return
            self.request.sendall(b"echo:" + some)


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def cookies(self):
        return {v.split("=", 1)[0]: v.split(";", 1)[0] for k, v in self.headers if k.lower() == "set-cookie"}

    def said(self):
        return json.loads(self.body)


def ask(port, path="/", method="GET", headers=None, body=b"", host="web.us-east-1.elb.localhost", tls=None, name=None):
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    if tls:
        sock = tls.wrap_socket(sock, server_hostname=name or host)
    with sock:
        head = ["%s %s HTTP/1.1" % (method, path), "Host: " + host, "Connection: close"]
        head += ["%s: %s" % pair for pair in (headers or {}).items()]
        if body:
            head.append("Content-Length: %d" % len(body))
        sock.sendall(("\r\n".join(head) + "\r\n\r\n").encode() + body)
        data = b""
        while True:
            some = sock.recv(65536)
            if not some:
                break
            data += some
    top, _, rest = data.partition(b"\r\n\r\n")
    lines = top.decode("latin-1").split("\r\n")
    check(lines[0].startswith("HTTP/"), "an answer from port %d: %r" % (port, data[:200]))
    pairs = [tuple(line.split(": ", 1)) for line in lines[1:]]
    return Reply(int(lines[0].split()[1]), pairs, rest.decode("latin-1"))


def gantry(*args):
    done = subprocess.run([GANTRY, *args], capture_output=True, text=True, timeout=300)
    return done.stdout + done.stderr


def client(service):
    return boto3.client(service, endpoint_url="http://localhost:%d" % PORT, region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test")


class Test:
    def __init__(self):
        self.lb, self.acm, ec2 = client("elbv2"), client("acm"), client("ec2")
        self.vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        self.subnets = [s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]][:2]
        self.targets = {name: Target(name) for name in "abcd"}
        self.nginx = None

    # --- short words ---------------------------------------------------------------------------

    def balancer(self, name, kind="application"):
        made = self.lb.create_load_balancer(Name=name, Type=kind, Subnets=self.subnets)
        return made["LoadBalancers"][0]["LoadBalancerArn"]

    def group(self, name, *targets, **more):
        settings = dict(Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType="ip", HealthCheckIntervalSeconds=5,
                        HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2, UnhealthyThresholdCount=2)
        settings.update(more)
        arn = self.lb.create_target_group(Name=name, **settings)["TargetGroups"][0]["TargetGroupArn"]
        if targets:
            self.register(arn, *targets)
        return arn

    def register(self, arn, *targets):
        self.lb.register_targets(TargetGroupArn=arn, Targets=[self.described(t) for t in targets])

    @staticmethod
    def described(target):
        port = target if isinstance(target, int) else target.port
        return {"Id": "127.0.0.1", "Port": port, "AvailabilityZone": "all"}

    def attributes(self, arn, **values):
        pairs = [{"Key": k.replace("__", "."), "Value": v} for k, v in values.items()]
        self.lb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=pairs)

    def listener(self, balancer, port, action, protocol="HTTP", **more):
        actions = [{"Type": "forward", "TargetGroupArn": action}] if isinstance(action, str) else [action]
        made = self.lb.create_listener(LoadBalancerArn=balancer, Port=port, Protocol=protocol, DefaultActions=actions, **more)
        return made["Listeners"][0]["ListenerArn"]

    def health(self, arn, target):
        one = self.lb.describe_target_health(TargetGroupArn=arn, Targets=[self.described(target)])
        state = one["TargetHealthDescriptions"][0]["TargetHealth"]
        return state["State"], state.get("Reason"), state.get("Description")

    def healthy(self, arn, *targets):
        until("healthy targets", lambda: all(self.health(arn, t)[0] == "healthy" for t in targets))

    def held(self, pool, port, count):
        """So many requests that have come to their targets and are not answered before they are let go."""
        for target in self.targets.values():
            target.held.clear()
            target.go.clear()
        replies = [pool.submit(ask, port, "/?hold") for _ in range(count)]
        until("all are held", lambda: sum(len(target.held) for target in self.targets.values()) == count)
        return replies

    def let_go(self, replies):
        for target in self.targets.values():
            target.go.set()
        return [one.result() for one in replies]

    # --- what is shown -------------------------------------------------------------------------

    def rules(self):
        a, b = self.targets["a"], self.targets["b"]
        self.web = self.balancer("web")
        self.main = self.group("main", a)
        self.other = self.group("other", b)
        port = self.port = FIRST
        listener = self.listener(self.web, port, self.main)
        self.healthy(self.main, a)

        def fixed(text):
            return [{"Type": "fixed-response", "FixedResponseConfig":
                     {"StatusCode": "418", "ContentType": "text/plain", "MessageBody": text}}]

        conditions = {
            "host": {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.shop.example"]}},
            "path": {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/img/*.png"]}},
            "header": {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Beta", "Values": ["on", "y*"]}},
            "method": {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["DELETE"]}},
            "query": {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2?"}]}},
            "expression": {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/v[0-9]+/items$"]}},
        }
        for i, (name, condition) in enumerate(conditions.items()):
            self.lb.create_rule(ListenerArn=listener, Priority=10 + i, Conditions=[condition], Actions=fixed("by " + name))
        self.lb.create_rule(ListenerArn=listener, Priority=20, Actions=fixed("by source"), Conditions=[
            {"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.0/8"]}},
            {"Field": "path-pattern", "Values": ["/local"]}])
        self.lb.create_rule(ListenerArn=listener, Priority=21, Actions=fixed("never"), Conditions=[
            {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}])
        self.lb.create_rule(ListenerArn=listener, Priority=30, Conditions=[{"Field": "path-pattern", "Values": ["/old/*"]}],
                            Actions=[{"Type": "redirect", "RedirectConfig": {
                                "StatusCode": "HTTP_302", "Protocol": "HTTPS", "Port": "443", "Path": "/new/#{path}"}}])
        self.lb.create_rule(ListenerArn=listener, Priority=31, Conditions=[{"Field": "path-pattern", "Values": ["/both"]}],
                            Actions=[{"Type": "forward", "ForwardConfig": {
                                "TargetGroups": [{"TargetGroupArn": self.main, "Weight": 1}, {"TargetGroupArn": self.other, "Weight": 1}],
                                "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}}])
        self.lb.create_rule(ListenerArn=listener, Priority=29, Conditions=[{"Field": "path-pattern", "Values": ["/api/*"]}],
                            Actions=[{"Type": "forward", "TargetGroupArn": self.main}], Transforms=[
            {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/api/(.*)$", "Replace": "/$1"}]}},
            {"Type": "host-header-rewrite", "HostHeaderRewriteConfig": {"Rewrites": [{"Regex": "^web\\.(.+)$", "Replace": "inner.$1"}]}}])
        self.healthy(self.other, b)
        until("the last rule", lambda: ask(port, "/api/x").said()["path"] == "/x")
        hits = {"by host": dict(host="www.shop.example"), "by path": dict(path="/img/x/y.png"), "by header": dict(headers={"x-beta": "YES"}),
                "by method": dict(method="DELETE"), "by query": dict(path="/?a=b&v=2x"), "by source": dict(path="/local"),
                "by expression": dict(path="/v12/items")}
        for text, how in hits.items():
            reply = ask(port, **how)
            check((reply.status, reply.body) == (418, text), "%s: %s %s" % (text, reply.status, reply.body))
        for how in (dict(host="shop.example"), dict(path="/img/x.gif"), dict(headers={"x-beta": "off"}), dict(path="/?v=3")):
            check(ask(port, **how).said()["name"] == "a", "a miss: %s" % how)
        rewritten = ask(port, "/api/x?q=1").said()
        check((rewritten["path"], rewritten["headers"]["host"]) == ("/x?q=1", "inner.us-east-1.elb.localhost:%d" % port), str(rewritten))
        moved = ask(port, "/old/x?q=1")
        check(moved.status == 302 and moved.header("Location") == "https://web.us-east-1.elb.localhost:443/new/old/x?q=1", str(moved.headers))
        names = {ask(port, "/both").said()["name"] for _ in range(40)}
        check(names == {"a", "b"}, "weights: %s" % names)
        first = ask(port, "/both")
        kept = {ask(port, "/both", headers={"Cookie": first.cookies()["AWSALBTG"]}).said()["name"] for _ in range(15)}
        check(kept == {first.said()["name"]}, "AWSALBTG: %s" % kept)
        say("every condition and every action decided, host and URL were rewritten")

    def headers(self):
        said = ask(self.port, headers={"X-Forwarded-For": "9.9.9.9"}).said()["headers"]
        check(said["x-forwarded-for"] == "9.9.9.9, 127.0.0.1", said)
        check(said["x-forwarded-port"] == str(self.port) and said["x-forwarded-proto"] == "http", said)
        check(re.fullmatch("Root=1-[0-9a-f]{8}-[0-9a-f]{24}", said["x-amzn-trace-id"]), said)
        self.lb.modify_load_balancer_attributes(LoadBalancerArn=self.web, Attributes=[
            {"Key": "routing.http.xff_header_processing.mode", "Value": "remove"}])
        until("mode remove", lambda: "x-forwarded-for" not in ask(self.port, headers={"X-Forwarded-For": "9.9.9.9"}).said()["headers"])
        self.lb.modify_load_balancer_attributes(LoadBalancerArn=self.web, Attributes=[
            {"Key": "routing.http.xff_header_processing.mode", "Value": "append"},
            {"Key": "access_logs.s3.enabled", "Value": "true"}, {"Key": "access_logs.s3.bucket", "Value": "logs"},
            {"Key": "connection_logs.s3.enabled", "Value": "true"}, {"Key": "connection_logs.s3.bucket", "Value": "logs"}])
        big = ask(self.port, method="POST", body=b"x" * 300_000)
        check(len(big.said()["body"]) == 300_000, "a large body")
        say("headers as ALB adds them")

    def refusals(self):
        for key, value in (("proxy_protocol_v2.enabled", "true"),):
            arn = self.group("udp" + key[0], Protocol="UDP", HealthCheckProtocol="TCP")
            try:
                self.lb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[{"Key": key, "Value": value}])
                raise AssertionError(key + " was accepted")
            except ClientError as e:
                check(key in str(e) and "not supported here" in str(e), str(e))
        say("attributes that cannot act are refused by name")

    def health_and_draining(self):
        a, b, c, d = (self.targets[n] for n in "abcd")
        arn = self.group("well", a, b, c, d)
        self.attributes(arn, deregistration_delay__timeout_seconds="10")
        port = FIRST + 1
        self.listener(self.web, port, arn)
        until("the listener", lambda: self.opened(port))
        check(self.health(arn, a)[0] in ("initial", "healthy"), "it begins as initial")
        self.healthy(arn, a, b, c, d)
        b.health, c.hang = 500, True
        d.stop()
        want = {b.port: ("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [500]"),
                c.port: ("unhealthy", "Target.Timeout", "Request timed out"),
                d.port: ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")}
        for target_port, state in want.items():
            until("%s" % (state,), lambda p=target_port, s=state: self.health(arn, p) == s)
        check({ask(port).said()["name"] for _ in range(12)} == {"a"}, "only the healthy one is asked")
        b.health, c.hang = 200, False
        self.healthy(arn, b)
        say("health goes with its reasons, and comes back")
        with ThreadPoolExecutor(8) as pool:
            slow = self.held(pool, port, 8)
            self.lb.deregister_targets(TargetGroupArn=arn, Targets=[self.described(a)])
            state = self.health(arn, a)
            check(state[:2] == ("draining", "Target.DeregistrationInProgress"), str(state))
            until("nothing new for a draining target", lambda: "a" not in {ask(port).said()["name"] for _ in range(10)}, 8)
            replies = self.let_go(slow)
        check(all(r.status == 200 for r in replies), "in flight while draining: %s" % [r.status for r in replies])
        check("a" in {r.said()["name"] for r in replies}, "a had some of them")
        until("gone", lambda: self.health(arn, a)[:2] == ("unused", "Target.NotRegistered"))
        say("draining finished what was in flight")
        stop, failed, asked = threading.Event(), [], [0]

        def load():
            while not stop.is_set():
                status = ask(port).status
                asked[0] += 1
                if status != 200:
                    failed.append(status)

        self.attributes(arn, deregistration_delay__timeout_seconds="1")
        loads = [threading.Thread(target=load) for _ in range(4)]
        [t.start() for t in loads]
        times, end = 0, time.monotonic() + 120
        while times < 30 or (asked[0] <= 50 and time.monotonic() < end):
            times += 1
            self.register(arn, a)
            self.lb.deregister_targets(TargetGroupArn=arn, Targets=[self.described(a)])
        stop.set()
        [t.join() for t in loads]
        check(not failed and asked[0] > 50, "failed %s of %d" % (failed[:5], asked[0]))
        say("targets came and went, none of many requests failed")

    def cookies(self):
        a, b = self.targets["a"], self.targets["b"]
        arn = self.group("sticky", a, b)
        self.attributes(arn, stickiness__enabled="true", stickiness__type="lb_cookie", stickiness__lb_cookie__duration_seconds="60")
        port = FIRST + 2
        self.listener(self.web, port, arn)
        self.healthy(arn, a, b)
        until("the listener", lambda: self.opened(port))
        first = ask(port)
        check("AWSALB" in first.cookies() and "AWSALBCORS" in first.cookies(), str(first.headers))
        kept = {ask(port, headers={"Cookie": first.cookies()["AWSALB"]}).said()["name"] for _ in range(12)}
        check(kept == {first.said()["name"]}, "AWSALB: %s" % kept)
        self.attributes(arn, stickiness__type="app_cookie", stickiness__app_cookie__cookie_name="session")
        a.cookie = b.cookie = "session=1; Path=/"
        found = until("AWSALBAPP-0", lambda: (lambda r: r if "AWSALBAPP-0" in r.cookies() else None)(ask(port)))
        jar = found.cookies()["AWSALBAPP-0"] + "; session=1"
        kept = {ask(port, headers={"Cookie": jar}).said()["name"] for _ in range(12)}
        check(kept == {found.said()["name"]}, "AWSALBAPP: %s" % kept)
        a.cookie = b.cookie = None
        self.attributes(arn, stickiness__enabled="false", load_balancing__algorithm__type="least_outstanding_requests")
        with ThreadPoolExecutor(4) as pool:
            slow = self.let_go(self.held(pool, port, 2))
            check({one.said()["name"] for one in slow} == {"a", "b"}, "least outstanding spreads two")
        say("cookies keep clients, the least busy gets the next")

    def websocket(self):
        # By the listener's own port, and by the API's, which hands the connection over.
        for port in (self.port, PORT):
            self.tunnel(port)
        say("a websocket is a tunnel, at the API's port too")

    def tunnel(self, port):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
            sock.sendall(b"GET /chat HTTP/1.1\r\nHost: web.us-east-1.elb.localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            head = b""
            while b"\r\n\r\n" not in head:
                some = sock.recv(1)  # and nothing of what comes after it
                check(some, "the tunnel's head: %r" % head)
                head += some
            check(head.startswith(b"HTTP/1.1 101") and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head, head)
            for word in (b"one", b"two"):
                sock.sendall(word)
                said = b""
                while len(said) < len(b"echo:" + word):
                    some = sock.recv(4096)
                    check(some, "echo: %r" % said)
                    said += some
                check(said == b"echo:" + word, "echo: %r" % said)

    def certificate(self, name):
        base = os.path.join(WORK, name)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3", "-keyout",
                        base + ".key", "-out", base + ".crt", "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + name],
                       check=True, capture_output=True)
        return base

    @staticmethod
    def curl(port, path, *more):
        """By a name that not every machine knows, past whatever its user has set for curl."""
        name = "web.us-east-1.elb.localhost:%d" % port
        return subprocess.run(["curl", "-q", "-sk", "--noproxy", "*", "--resolve", name + ":127.0.0.1", *more, "https://" + name + path],
                              capture_output=True, text=True, timeout=60)

    def tls(self):
        arns = []
        for name in ("one.example.com", "two.example.com"):
            base = self.certificate(name)
            with open(base + ".crt", "rb") as crt, open(base + ".key", "rb") as key:
                arns.append(self.acm.import_certificate(Certificate=crt.read(), PrivateKey=key.read())["CertificateArn"])
        port = FIRST + 3
        listener = self.listener(self.web, port, self.main, "HTTPS", SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
                                 Certificates=[{"CertificateArn": arns[0]}])
        self.lb.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": arns[1]}])

        def subject(name, highest=ssl.TLSVersion.TLSv1_3):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, highest
            with socket.create_connection(("127.0.0.1", port), timeout=20) as raw, context.wrap_socket(raw, server_hostname=name) as sock:
                der = sock.getpeercert(True)
                return re.search(rb"(one|two)\.example\.com", der).group(0).decode(), sock.version()

        until("the listener", lambda: self.opened(port, ssl._create_unverified_context()))
        until("the second certificate", lambda: subject("two.example.com")[0] == "two.example.com")
        check(subject("one.example.com") == ("one.example.com", "TLSv1.3"), "server name one")
        check(subject("else.example.com")[0] == "one.example.com", "the default certificate")
        check(subject("one.example.com", ssl.TLSVersion.TLSv1_2)[1] == "TLSv1.2", "TLS 1.2")
        context = ssl._create_unverified_context()
        said = ask(port, tls=context).said()["headers"]
        check(said["x-forwarded-proto"] == "https", said)
        self.lb.modify_listener(ListenerArn=listener, SslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06")

        def refused():
            try:
                subject("one.example.com", ssl.TLSVersion.TLSv1_2)
                return False
            except (ssl.SSLError, ConnectionError):
                return True

        until("TLS 1.3 only", refused)
        curl = self.curl(port, "/", "-S", "--http2", "-w", " %{http_version} %{http_code}")
        check(curl.stdout.endswith(" 2 200"), curl.stdout + curl.stderr)
        say("TLS with two certificates, its policies, and HTTP/2")
        self.secure = arns

    def http2_targets(self):
        base = self.certificate("target.example.com")
        target = FIRST + 9
        folder = os.path.join(WORK, "nginx")
        os.makedirs(folder)
        with open(os.path.join(folder, "nginx.conf"), "w") as conf:
            conf.write("""daemon off; worker_processes 1; pid %(f)s/pid; error_log %(f)s/err; user root;
events { worker_connections 256; }
http { access_log off; client_body_temp_path %(f)s/b; proxy_temp_path %(f)s/p; fastcgi_temp_path %(f)s/c; uwsgi_temp_path %(f)s/u; scgi_temp_path %(f)s/s;
  server { listen 127.0.0.1:%(t)d ssl http2; ssl_certificate %(b)s.crt; ssl_certificate_key %(b)s.key;
    location /AWS.ALB/healthcheck { default_type application/grpc; add_header grpc-status 12; return 200; }
    location /pack.Service { default_type application/grpc; add_header grpc-status 0; return 200; }
    location / { default_type text/plain; return 200 "spoken $server_protocol"; } } }
""" % dict(f=folder, t=target, b=base))
        self.nginx = subprocess.Popen(["nginx", "-c", os.path.join(folder, "nginx.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        two = self.group("two", target, Protocol="HTTPS", HealthCheckProtocol="HTTPS", ProtocolVersion="HTTP2")
        one = self.group("one", target, Protocol="HTTPS", HealthCheckProtocol="HTTPS", HealthCheckPath="/well")
        grpc = self.group("grpc", target, Protocol="HTTPS", HealthCheckProtocol="HTTPS", ProtocolVersion="GRPC", Matcher={"GrpcCode": "12"})
        port = FIRST + 4
        listener = self.listener(self.web, port, two, "HTTPS", Certificates=[{"CertificateArn": self.secure[0]}])
        self.lb.create_rule(ListenerArn=listener, Priority=1, Conditions=[{"Field": "path-pattern", "Values": ["/pack.Service/*"]}],
                            Actions=[{"Type": "forward", "TargetGroupArn": grpc}])
        self.lb.create_rule(ListenerArn=listener, Priority=2, Conditions=[{"Field": "path-pattern", "Values": ["/one"]}],
                            Actions=[{"Type": "forward", "TargetGroupArn": one}])
        self.healthy(two, target)
        self.healthy(grpc, target)
        self.healthy(one, target)

        def curl(path, *more):
            return self.curl(port, path, *more, "-D", "-").stdout

        answer = until("the listener", lambda: curl("/x", "--http2"))
        check(answer.startswith("HTTP/2 200") and "spoken HTTP/2.0" in answer, answer)
        answer = until("the rule", lambda: (lambda a: a if "spoken" in a else None)(curl("/one", "--http2")))
        check(answer.startswith("HTTP/2 200") and "spoken HTTP/1.1" in answer, answer)
        message = os.path.join(WORK, "message")
        with open(message, "wb") as empty:
            empty.write(bytes(5))
        call = ("--http2", "-X", "POST", "-H", "content-type: application/grpc", "-H", "te: trailers", "--data-binary", "@" + message)
        answer = curl("/pack.Service/Do", *call)
        check(answer.startswith("HTTP/2 200") and "grpc-status: 0" in answer, answer)
        check("464" in curl("/pack.Service/Do", "--http1.1", "-X", "POST", "-H", "content-type: application/grpc"), "464")
        say("HTTP/1.1, HTTP/2 and gRPC targets over TLS that nobody vouches for, checked as they are asked")

    def network(self):
        net = self.balancer("net", "network")
        a = self.targets["a"]
        tcp = self.group("tcp", a, Protocol="TCP")
        self.listener(net, FIRST + 5, tcp, "TCP")
        self.healthy(tcp, a)
        until("the TCP listener", lambda: self.opened(FIRST + 5))
        check(ask(FIRST + 5).said()["name"] == "a", "TCP")
        secure = self.balancer("nettls", "network")
        plain = self.group("tlsplain", Protocol="TCP")
        seen = []
        server = socket.create_server(("127.0.0.1", 0))

        def serve():
            while True:
                sock, _ = server.accept()
                with sock:
                    sock.settimeout(5)
                    try:
                        head = sock.recv(28)
                        if head[12:13] == b"\x21":
                            seen.append(head)
                            sock.sendall(b"hello over TLS")
                    except OSError:
                        pass

        threading.Thread(target=serve, daemon=True).start()
        self.register(plain, server.getsockname()[1])
        self.attributes(plain, proxy_protocol_v2__enabled="true")
        self.listener(secure, FIRST + 6, plain, "TLS", Certificates=[{"CertificateArn": self.secure[0]}])
        self.healthy(plain, server.getsockname()[1])
        until("the TLS listener", lambda: self.connects(FIRST + 6))
        with socket.create_connection(("127.0.0.1", FIRST + 6), timeout=20) as raw:
            with ssl._create_unverified_context().wrap_socket(raw, server_hostname="one.example.com") as sock:
                own = sock.getsockname()[1]
                check(sock.recv(100) == b"hello over TLS", "TLS flow")
        check(seen and int.from_bytes(seen[-1][24:26], "big") == own, "PROXY v2 names the client's port: %r" % seen)
        datagrams = self.balancer("netudp", "network")
        echo, listens = self.both()

        def repeat():
            while True:
                data, peer = echo.recvfrom(2000)
                echo.sendto(b"echo:" + data, peer)

        threading.Thread(target=repeat, daemon=True).start()
        udp = self.group("udp", echo.getsockname()[1], Protocol="UDP", HealthCheckProtocol="TCP")
        self.listener(datagrams, FIRST + 7, udp, "UDP")
        self.healthy(udp, echo.getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(2)

            def echoed():
                sock.sendto(b"one", ("127.0.0.1", FIRST + 7))
                try:
                    return sock.recv(100)
                except socket.timeout:
                    return None  # a datagram may be lost

            check(until("an echo", echoed) == b"echo:one", "UDP")
        listens.close()
        say("TCP, TLS with PROXY v2, and UDP")

    def by_name_and_why(self):
        taken = socket.create_server(("127.0.0.1", FIRST + 8))
        self.listener(self.web, FIRST + 8, self.main)
        reply = ask(PORT, "/by/name?x=1", headers={"X-Forwarded-For": "9.9.9.9"}, host="web.us-east-1.elb.localhost:%d" % PORT)
        check(reply.status == 200 and reply.said()["path"] == "/by/name?x=1", reply.body)
        check(reply.said()["headers"]["x-forwarded-for"] == "9.9.9.9, 127.0.0.1", reply.body)
        posted = ask(PORT, "/", "POST", body=b"y" * 200_000, host="web.us-east-1.elb.localhost")
        check(len(posted.said()["body"]) == 200_000, "a body by name")
        self.attributes(self.main, stickiness__enabled="true")
        until("both cookies by name", lambda: {"AWSALB", "AWSALBCORS"} <= set(ask(PORT).cookies()))
        self.attributes(self.main, stickiness__enabled="false")
        missing = ask(PORT, host="nobody.us-east-1.elb.localhost")
        check(missing.status == 503 and "No load balancer here is called" in missing.body, missing.body)
        line = "Port %d on 127.0.0.1 cannot be opened for a load balancer: Address already in use" % (FIRST + 8)
        why = until("the line about the taken port", lambda: (lambda t: t if line in t else None)(gantry("why", "--data", DATA, "web")))
        for part in ("load balancer web (application", "target group main (HTTP to ip targets): 1 of 1 healthy", "rule 20: from [127.0.0.0/8]",
                     "requests/s", "last check: answered 200"):
            check(part in why, "%s is not in:\n%s" % (part, why))
        taken.close()
        until("the port is tried again", lambda: self.opened(FIRST + 8))
        metrics = ask(PORT, "/metrics", host="localhost").body
        for name in ("gantry_lb_requests_total", "gantry_lb_target_responses_total", "gantry_lb_target_response_seconds"):
            check(re.search(name + r"\{[^}]*\} [1-90.]", metrics), name)
        say("by name at the API's port; why and metrics tell")

    @staticmethod
    def both():
        """A port for datagrams that is free for connections too."""
        for _ in range(20):
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            datagrams.bind(("127.0.0.1", 0))
            try:
                return datagrams, socket.create_server(datagrams.getsockname())
            except OSError:
                datagrams.close()
        raise AssertionError("no port is free for both")

    @staticmethod
    def connects(port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=20).close()
            return True
        except OSError:
            return False

    @staticmethod
    def opened(port, tls=None):
        try:
            return ask(port, tls=tls).status == 200
        except OSError:
            return False

    def logs(self):
        pattern = os.path.join(DATA, "bulk/elb-logs/logs/AWSLogs/000000000000/elasticloadbalancing/us-east-1/*/*/*/*.log.gz")

        def lines(connections):
            found = []
            for name in glob.glob(pattern):
                if os.path.basename(name).startswith("conn_log.") == connections:
                    with open(name, "rb") as zipped:  # it is still being written
                        found += zlib.decompressobj(31).decompress(zipped.read()).decode().splitlines()
            return found

        wanted = re.compile(r'http \S+Z app/web/[0-9a-f]{16} 127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+ 0\.\d{3} 0\.\d{3} 0\.\d{3} 200 200 \d+ \d+ '
                            r'"POST http://web\.us-east-1\.elb\.localhost:%d/ HTTP/1\.1" "-" - - arn:\S+:targetgroup/main/\S+ "Root=1-\S+" "-" "-" 0 \S+Z '
                            r'"forward" "-" "-" "127\.0\.0\.1:\d+" "200" "-" "-" TID_\S+ "-" "-" "-"' % self.port)
        try:
            until("the access log's line", lambda: ask(self.port, method="POST", body=b"logged") and any(wanted.fullmatch(line) for line in lines(False)))
        except AssertionError:
            raise AssertionError("no line as it should be in: %s" % lines(False)[:5])
        until("the connection log's line", lambda: any(re.fullmatch(r'\S+Z 127\.0\.0\.1 \d+ %d - - - "-" - - - TID_\S+ -' % self.port, line) for line in lines(True)))
        say("access and connection logs in AWS's format")

    def run(self):
        self.rules()
        self.headers()
        self.refusals()
        self.health_and_draining()
        self.cookies()
        self.websocket()
        self.tls()
        self.http2_targets()
        self.network()
        self.by_name_and_why()
        self.logs()


def main():
    up = subprocess.run([GANTRY, "up", "--detach", "--port", str(PORT), "--data", DATA], capture_output=True, text=True, timeout=300)
    test = None
    try:
        check(up.returncode == 0, up.stdout + up.stderr)
        test = Test()
        test.run()
    finally:
        if test and test.nginx:
            test.nginx.terminate()
        print(gantry("down", "--data", DATA, "--purge"), flush=True)
    say("all of it")


main()
