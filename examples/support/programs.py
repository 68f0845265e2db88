"""Programs that a driver starts and stops, the ports they listen on, and small proxies in front of Writ."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def say(text: str) -> None:
    print(text, flush=True)


def environment(kind: str, what: pathlib.Path) -> pathlib.Path:
    """Installs what a file or folder lists, once, and returns where it is: see scripts/client-environment.sh."""
    script = ROOT / "scripts" / "client-environment.sh"
    done = subprocess.run([script, kind, what], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"could not install what {what} lists")
    return pathlib.Path(done.stdout.strip().splitlines()[-1])


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def port(usual: int) -> int:
    """The port that the example's configuration names; a free one where the tests ask for that."""
    return free_port() if os.environ.get("EXAMPLE_FREE_PORTS") else usual


def run(command: list, seconds: float = 120, check: bool = True, **more) -> str:
    """Runs a program to its end and returns all it said."""
    command = [str(part) for part in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, **more)
    if check and done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


class Program:
    """A program for the length of a `with`; what it said is shown when the block fails."""

    def __init__(self, command: list, ready: str | None = None, seconds: float = 90, **more):
        self.command, self.ready, self.seconds, self.more = [str(part) for part in command], ready, seconds, more

    def __enter__(self):
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        # A session of its own: what it starts in turn stops with it.
        self.process = subprocess.Popen(
            self.command, stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True, **self.more
        )
        try:
            if self.ready:
                self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def said(self) -> str:
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def wait(self) -> None:
        """Until the address answers at all."""
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.command[0]} ended with {self.process.returncode}:\n{self.said()}")
            with contextlib.suppress(OSError):
                try:
                    urllib.request.urlopen(self.ready, timeout=2).close()
                except urllib.error.HTTPError:
                    pass
                return
            time.sleep(0.1)
        raise RuntimeError(f"{self.ready} did not answer within {self.seconds} s:\n{self.said()}")

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def __exit__(self, kind, *_):
        self.stop()
        if kind:
            print(f"--- {' '.join(self.command)} said last:\n{self.said()[-4000:]}---", file=sys.stderr)


@contextlib.contextmanager
def forward(listening: int, target: int):
    """Bytes from one port to another, untouched: what a tenant on a port of its own needs of a proxy."""
    with forward_by_path(listening, lambda _path: target):
        yield


@contextlib.contextmanager
def forward_by_path(listening: int, choose):
    """A proxy that hands each connection on, whole, to the port that `choose` names for its first path.

    `Connection: close` is asked of nobody: a client that sends a second request for another program on the
    same connection would reach the wrong one, so each connection is ended after one answer."""
    listener = socket.create_server(("127.0.0.1", listening))
    threading.Thread(target=accept, args=(listener, choose), daemon=True).start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def accept(listener: socket.socket, choose) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=hand_on, args=(connection, choose), daemon=True).start()


def hand_on(connection: socket.socket, choose) -> None:
    with connection, contextlib.suppress(OSError):
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(65536)
            if not more:
                return
            head += more
        lines, _, rest = head.partition(b"\r\n\r\n")
        lines = [line for line in lines.split(b"\r\n") if not line.lower().startswith((b"connection:", b"upgrade:", b"http2-settings:"))]
        path = lines[0].split(b" ")[1].decode()
        with socket.create_connection(("127.0.0.1", choose(path))) as program:
            program.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + rest)
            threading.Thread(target=pour, args=(connection, program), daemon=True).start()
            pour(program, connection)


def pour(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while more := source.recv(65536):
            target.sendall(more)
        target.shutdown(socket.SHUT_WR)
