"""A name server and a WeChat for one host, on the loopback of a network namespace: the name that is given leads to 127.0.0.1, port 80 there
answers a login with an openid, port 443 shows a certificate that nobody has signed. Prints each name that it was asked for.

    python3 .ci/stand_ins.py NAME CERTIFICATE KEY
"""

import http.server
import json
import socketserver
import ssl
import sys
import threading
import urllib.parse


class NameServer(socketserver.BaseRequestHandler):
    """Answers A for the one name, and that there is nothing else."""

    def handle(self):
        query, socket = self.request
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += query[at] + 1
        question = query[12 : at + 5]
        name, kind = ".".join(labels).lower(), int.from_bytes(query[at + 1 : at + 3], "big")
        # One write: others answer on threads of their own.
        print(f"{name} {kind}\n", end="", flush=True)
        known = name == sys.argv[1]
        answers = 1 if known and kind == 1 else 0
        header = query[:2] + (0x8180 if known else 0x8183).to_bytes(2, "big") + bytes([0, 1, 0, answers, 0, 0, 0, 0])
        record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x7f\x00\x00\x01"
        socket.sendto(header + question + record * answers, self.client_address)


class WeChat(http.server.BaseHTTPRequestHandler):
    """Logs everybody in by the code that was sent."""

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        body = json.dumps({"openid": "o" + query.get("js_code", ["?"])[0], "session_key": "canary"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    secure = http.server.ThreadingHTTPServer(("127.0.0.1", 443), WeChat)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    plain = http.server.ThreadingHTTPServer(("127.0.0.1", 80), WeChat)
    names = socketserver.ThreadingUDPServer(("127.0.0.1", 53), NameServer)
    for server in (secure, plain):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    names.serve_forever()


if __name__ == "__main__":
    main()
