"""Prints the IPv4 addresses of each name as Python finds them."""

import socket
import sys

for name in sys.argv[1:]:
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(name, None, socket.AF_INET)}
    except OSError:
        found = set()
    print(name, ",".join(sorted(found)))
