"""Asks as any Python program does: the C library's getaddrinfo."""
import os
import socket
import sys


def wrong(what):
    print("WRONG:", what)
    sys.exit(1)


def addresses(name):
    return {found[4][0] for found in socket.getaddrinfo(name, 80, socket.AF_UNSPEC, socket.SOCK_STREAM)}


if len([a for a in addresses("api.local") if a.startswith("172.")]) != 2:
    wrong("api.local: %s" % addresses("api.local"))
if len(addresses("many.big.test")) != 200:
    wrong("many.big.test has %d addresses" % len(addresses("many.big.test")))
if addresses("one._db._tcp.local") != {"10.1.2.3"}:
    wrong("the target of the SRV: %s" % addresses("one._db._tcp.local"))
if socket.getnameinfo((os.environ["ADDRESS"], 80), socket.NI_NAMEREQD)[0] != os.environ["name"]:
    wrong("PTR: %s" % (socket.getnameinfo((os.environ["ADDRESS"], 80), socket.NI_NAMEREQD),))
try:
    wrong("nobody.local: %s" % addresses("nobody.local"))
except socket.gaierror as none:
    if none.errno != socket.EAI_NONAME:
        wrong("nobody.local: %s" % none)
