"""What the examples' drivers share: Writ's admin API, a person who signs in, programs that run for a while.

Python's standard library only, so a driver runs before anything is installed. Not for an application of
yours: the `README.md` of each example says what that one needs.
"""

from .conversation import converse
from .programs import Program, environment, forward, forward_by_path, free_port, port, run, say
from .sign_in import PASSWORD, USERNAME, Refused, sign_in
from .writ import Tenant, Writ

__all__ = [
    "PASSWORD",
    "Program",
    "Refused",
    "Tenant",
    "USERNAME",
    "Writ",
    "converse",
    "environment",
    "forward",
    "forward_by_path",
    "free_port",
    "port",
    "run",
    "say",
    "sign_in",
]
