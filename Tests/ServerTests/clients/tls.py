"""HTTPS with a certificate of our own: trusted when it is known, refused when it is not.

Usage: tls.py BASE_URL CERTIFICATE
"""

import json
import socket
import ssl
import sys
import urllib.error
import urllib.request

base, certificate = sys.argv[1:]
context = ssl.create_default_context(cafile=certificate)
models = json.load(urllib.request.urlopen(base + "/v1/models", context=context, timeout=30))
request = urllib.request.Request(
    base + "/v1/completions", b'{"prompt":"a","max_tokens":4,"stream":true}'
)
with urllib.request.urlopen(request, context=context, timeout=60) as answer:
    text = answer.read()
if not text.endswith(b"data: [DONE]\n\n"):
    sys.exit(f"tls: a stream ended with {text[-80:]!r}")
try:
    urllib.request.urlopen(base + "/v1/models", timeout=30)
    sys.exit("tls: an unknown certificate was trusted")
except urllib.error.URLError:
    pass
# Plain text to a TLS port: closed, and the server goes on.
port = int(base.rsplit(":", 1)[1])
with socket.create_connection(("localhost", port), timeout=30) as plain:
    plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    plain.recv(4096)
old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
old.maximum_version = ssl.TLSVersion.TLSv1_1
try:
    with socket.create_connection(("localhost", port), timeout=30) as raw:
        old.wrap_socket(raw)
    sys.exit("tls: TLS 1.1 was accepted")
except (ssl.SSLError, ConnectionError):
    pass
urllib.request.urlopen(base + "/health", context=context, timeout=30)
print(f"tls: {models['data'][0]['id']} served over HTTPS")
