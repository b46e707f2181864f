#!/usr/bin/env bash
# A name with two addresses follows health checks over HTTPS: the primary's page has to hold a text, and it moves when
# the page loses it, and back. The certificates are self-signed, which Route 53 does not mind. All by the aws CLI.
# usage: health.sh GANTRY_SCRIPT WORK_FOLDER PORT
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cat >serve.py <<'PY'
import http.server, ssl, sys, threading
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = open("page").read().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, form, *values):
        with open("asked", "a") as log:
            log.write("%s %s %s\n" % (self.path, self.headers["Host"], self.headers["User-Agent"]))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("certificate.pem", "key.pem")
def named(connection, name, context):
    with open("names", "a") as log:
        log.write("%s\n" % name)
context.sni_callback = named
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
threading.Timer(900, server.shutdown).start()  # whoever started it may have been killed
server.serve_forever()
PY
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=other.example \
  -keyout key.pem -out certificate.pem 2>/dev/null || fail "openssl"
echo "all is well" >page
/usr/bin/python3 serve.py >served 2>serve.err &
server=$!
serving() { [ -s served ]; }
until_true 60 "the server with TLS" serving
secure=$(cat served)
begin

check() {
  aws_ route53 create-health-check --caller-reference "$1" --query HealthCheck.Id --health-check-config \
    "Type=$2,IPAddress=127.0.0.1,Port=$secure,FullyQualifiedDomainName=www.shop.test,ResourcePath=/health,RequestInterval=10,FailureThreshold=1,EnableSNI=true$3"
}
page=$(check page HTTPS_STR_MATCH ",SearchString=is well")
alive=$(check alive HTTPS "")
zone=$(aws_ route53 create-hosted-zone --name shop.test --caller-reference shop --vpc "VPCRegion=us-east-1,VPCId=$vpc" --query HostedZone.Id)
record() {
  printf '{"Action":"CREATE","ResourceRecordSet":{"Name":"www.shop.test","Type":"A","TTL":5,"SetIdentifier":"%s","Failover":"%s","HealthCheckId":"%s","ResourceRecords":[{"Value":"%s"}]}}' "$@"
}
echo "{\"Changes\":[$(record first PRIMARY "$page" 10.0.0.1),$(record second SECONDARY "$alive" 10.0.0.2)]}" >batch.json
aws_ route53 change-resource-record-sets --hosted-zone-id "$zone" --change-batch file://batch.json >/dev/null
answers() { [ "$(aws_ route53 test-dns-answer --hosted-zone-id "$zone" --record-name www.shop.test --record-type A --query 'RecordData[]')" = "$1" ]; }
says() { aws_ route53 get-health-check-status --health-check-id "$1" --query 'HealthCheckObservations[].StatusReport.Status' | grep -qF "$2"; }
until_true 90 "the page was checked" says "$page" "HTTP Status Code 200 OK, and the search string was found"
until_true 90 "the other check succeeded" says "$alive" "HTTP Status Code 200 OK"
until_true 60 "the primary's address" answers 10.0.0.1
grep -q '^/health www.shop.test.* Amazon-Route53-Health-Check-Service' asked || fail "what the server was asked: $(cat asked)"
grep -qx www.shop.test names || fail "the server name that TLS was told: $(cat names)"
say "checked over HTTPS, by the name of the request"

echo "all is lost" >page
until_true 90 "the secondary's address" answers 10.0.0.2
until_true 60 "the reason" says "$page" "the search string was not found"
"$gantry" why --data "$data" www.shop.test >why.out 2>&1 || fail "why: $(cat why.out)"
grep -q 'search string was not found' why.out || fail "why says: $(cat why.out)"
say "the page lost its text: the name went to the other address"
echo "all is well again" >page
until_true 90 "the primary's address again" answers 10.0.0.1
kill "$server"
until_true 90 "the server is gone" says "$page" "could not be asked"
# Where nothing is healthy, the primary is the answer.
until_true 90 "the primary's address, for want of a better" answers 10.0.0.1
say "HTTPS health checks moved the name and moved it back"
end
