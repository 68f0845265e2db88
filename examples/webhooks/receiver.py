"""Takes what Writ tells a webhook: checks each message with the library of Standard Webhooks, and prints it.

WEBHOOK_SECRET is what Writ showed when the webhook was made (whsec_…), PORT where to listen.
"""

import http.server
import json
import os

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])
seen = {}


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            # The signature, and that it is not older than five minutes.
            event = webhook.verify(body, headers)
        except WebhookVerificationError as error:
            return self.answer(401, str(error))
        # Messages may come twice.
        if event["data"]["id"] not in seen:
            seen[event["data"]["id"]] = event
            print(event["type"], event["data"]["target_id"], flush=True)
        self.answer(204)

    def do_GET(self):
        """What came, for whoever drives this."""
        self.answer(200, json.dumps(list(seen.values())))

    def answer(self, status: int, text: str = ""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver).serve_forever()
