"""The API that the server calls: notes for whoever has a token made for it. It asks Writ about each token."""

import base64
import http.server
import json
import os
import urllib.request
from urllib.parse import urlencode

resource = os.environ["API"]
credential = f"{os.environ['INTROSPECTION_ID']}:{os.environ['INTROSPECTION_SECRET']}"


def about(token: str) -> dict:
    basic = base64.b64encode(credential.encode()).decode()
    body = urlencode({"token": token}).encode()
    request = urllib.request.Request(os.environ["INTROSPECTION_ENDPOINT"], body, {"Authorization": f"Basic {basic}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


class Notes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        found = about(token) if token else {"active": False}
        if not found["active"] or found["aud"] != resource or "notes:read" not in found["scope"].split():
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Bearer")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"Notes of {found['client_id']}: buy milk".encode())


http.server.ThreadingHTTPServer(("127.0.0.1", int(resource.rsplit(":", 1)[1].split("/")[0])), Notes).serve_forever()
