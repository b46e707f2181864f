# Inside a task: every resolver asks for the same names; the first wrong answer is said and ends it.
b() { /bin/busybox "$@"; }
bad() {
  echo "WRONG: $1: $2"
  exit 1
}
name="ip-$(echo "$ADDRESS" | b tr . -).ec2.internal"

# dig: A, SRV with its target, PTR, NXDOMAIN with the SOA, a cut answer asked again over TCP
n=$(dig +short api.local A | b grep -c '^172\.') || true
[ "$n" = 2 ] || bad dig "api.local has $n addresses"
[ "$(dig +short _db._tcp.local SRV)" = "1 1 5432 one._db._tcp.local." ] || bad dig "SRV $(dig +short _db._tcp.local SRV)"
[ "$(dig +short one._db._tcp.local A)" = 10.1.2.3 ] || bad dig "the target of the SRV"
[ "$(dig +short -x "$ADDRESS")" = "$name." ] || bad dig "PTR $(dig +short -x "$ADDRESS")"
dig nobody.local A >/tmp/none
b grep -q 'status: NXDOMAIN' /tmp/none || bad dig "nobody.local exists"
b grep -q 'SOA' /tmp/none || bad dig "a negative answer without SOA"
dig +ignore many.big.test A | b grep -q 'flags: .*tc' || bad dig "200 addresses fit into a datagram"
n=$(dig +short many.big.test A | b grep -c '^10\.9\.8\.') || true
[ "$n" = 200 ] || bad dig "over TCP it has $n addresses"
n=$(dig +short @169.254.169.253 API.Local A | b grep -c '^172\.') || true
[ "$n" = 2 ] || bad dig "@169.254.169.253 says $n addresses"

export ADDRESS name
/usr/bin/python3 /resolve.py || bad python "see above"
/bin/resolve-go || bad go "see above"
/bin/resolve-musl || bad musl "see above"
echo "all resolvers found everything"
