"""Speaks with a client program: it prints one JSON object a line, and is told where the sign-in ended."""

import json
import os
import subprocess
import time

from .sign_in import sign_in


def converse(command: list, follow=sign_in, seconds: float = 90, **more) -> dict:
    """Runs a client to its end. Of `{"authorization_url": …}` it is told the redirect that followed; whatever
    else it says is gathered and returned."""
    command = [str(part) for part in command]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)
    said, deadline = {}, time.monotonic() + seconds
    try:
        for line in client.stdout:
            if not line.startswith("{"):
                continue
            message = json.loads(line)
            if "authorization_url" in message:
                client.stdin.write(follow(message["authorization_url"]) + "\n")
                client.stdin.flush()
            said |= message
            if "result" in message:
                break
            assert time.monotonic() < deadline, f"{command} took too long: {said}"
        assert "result" in said, f"{' '.join(map(os.fspath, command))} ended without a result: {said}"
        return said
    finally:
        client.kill()
        client.wait()
