"""Loaded by Schemathesis: changes what would keep most calls from doing anything, and notes which operations did something.

Most calls are made from the example of a description. What it creates is there after the first of them; from then on
the only answer would be that the name is taken, or that the version is another, and nothing behind that would be tried.
"""

import itertools
import json
import os

import schemathesis

NOBODYS = "00000000-0000-7000-8000-000000000000"
IDS = json.loads(os.environ["WRIT_IDS"])
KEPT = os.environ["WRIT_KEPT"].split()
UNIQUE = ("slug", "client_id", "username", "identifier")
numbers = itertools.count(1)
sent, accepted, refused = set(), set(), set()


@schemathesis.hook
def before_call(context, case, kwargs):
    method = case.method.upper()
    for name in ("If-Match", "If-None-Match"):
        if is_example(context, name, case.headers.get(name)):
            del case.headers[name]
    if is_example(context, "Idempotency-Key", case.headers.get("Idempotency-Key")):
        case.headers["Idempotency-Key"] += f"-{next(numbers)}"
    if method == "DELETE" and case.query.get("dry_run") is not None:
        # What was deleted on trial is still there, and is looked for.
        del case.query["dry_run"]
    if context.operation.label not in accepted and not (case.meta and case.meta.generation.mode.is_negative):
        name_what_there_is(context, case)
    if method == "POST" and isinstance(case.body, dict):
        rename(case)
    known = case.path_parameters.get("id")
    if method != "GET" and known in KEPT and known != IDS[context.operation.label].get("path.id"):
        # It was found in a list. Without it nothing could be tried on it any more, or with the caller's key at all.
        case.path_parameters["id"] = NOBODYS


def name_what_there_is(context, case) -> None:
    """Ids are learned from answers, too, and of two in one path they may belong to different things."""
    for name, value in IDS[context.operation.label].items():
        place, member = name.split(".", 1)
        if place == "path":
            case.path_parameters[member] = value
        elif isinstance(case.body, dict):
            case.body[member] = value


def is_example(context, name: str, value) -> bool:
    known = context.operation.schema.raw_schema["components"]["parameters"].get(name, {})
    return value is not None and known.get("example") == value


def rename(case) -> None:
    for member in UNIQUE:
        value = case.body.get(member)
        if not isinstance(value, str):
            continue
        name = (case.path, member, value)
        if name in sent:
            case.body[member] = f"{value}-{next(numbers)}"
        sent.add(name)


@schemathesis.hook
def after_call(context, case, response):
    label = context.operation.label
    if 200 <= response.status_code < 300 and label not in accepted:
        accepted.add(label)
        with open(os.environ["WRIT_ACCEPTED"], "a") as file:
            print(label, file=file)
    elif label not in accepted and (label, response.status_code) not in refused:
        refused.add((label, response.status_code))
        with open(os.environ["WRIT_REFUSED"], "a") as file:
            print(label, response.status_code, case.body, response.text, file=file)
