"""A receiver that checks signatures with the library of Standard Webhooks, and Writ that tells it what happens."""

import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from support import Program, Writ, environment, port, say  # noqa: E402


def main() -> None:
    writ, receiver_port = Writ(), port(8768)
    url = f"http://localhost:{receiver_port}/writ"
    tenant = writ.tenant("webhooks")
    for old in writ.list(f"/tenants/{tenant.slug}/webhooks"):
        writ.call("DELETE", f"/tenants/{tenant.slug}/webhooks/{old['id']}")
    made = tenant.create("webhooks", {"name": "receiver", "url": url, "events": ["user.*"]})
    path = f"/tenants/{tenant.slug}/webhooks/{made['id']}"

    python = environment("python", HERE / "requirements.txt") / "bin" / "python"
    settings = os.environ | {"WEBHOOK_SECRET": made["secret"], "PORT": str(receiver_port)}
    with Program([python, HERE / "receiver.py"], ready=url, env=settings):
        status, test = writ.call("POST", f"{path}/test")
        assert status == 201, test
        tested = came(url, "webhook.tested")
        assert tested["data"]["id"] == test["id"], tested
        say("The receiver takes a test message: its signature is good")

        name = f"carol-{time.time_ns()}"
        user = tenant.create("users", {"username": name, "password": "a password of hers"})
        created = came(url, "user.created", user["id"])
        assert created["data"]["details"]["after"]["username"] == name, created
        say("It is told of a person who was made")

        status, rotated = writ.call("POST", f"{path}/rotate-secret", {"overlap": 3600})
        assert status == 200 and rotated["secret"] != made["secret"], rotated
        status, answer = writ.call("PATCH", f"/tenants/{tenant.slug}/users/{user['id']}", {"name": "Carol"})
        assert status == 200, answer
        came(url, "user.updated", user["id"])
        say("After a rotation the old secret still checks what comes")

        forged = urllib.request.Request(url, data=json.dumps(created).encode(), method="POST")
        for header in ("webhook-id", "webhook-timestamp"):
            forged.add_header(header, str(int(time.time())))
        forged.add_header("webhook-signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=")
        try:
            urllib.request.urlopen(forged, timeout=10)
            raise AssertionError("a forged message was taken")
        except urllib.error.HTTPError as refusal:
            assert refusal.code == 401, refusal
        say("A message that somebody else signed is refused")


def came(url: str, kind: str, target: str | None = None) -> dict:
    """The event, once it has come: Writ looks for messages to send every two seconds."""
    for _ in range(150):
        with urllib.request.urlopen(url, timeout=10) as answer:
            for event in json.load(answer):
                if event["type"] == kind and target in (None, event["data"]["target_id"]):
                    return event
        time.sleep(0.2)
    raise AssertionError(f"{kind} did not come")


if __name__ == "__main__":
    main()
