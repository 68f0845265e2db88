"""Each example's driver, against the Writ that runs here: the five systems, and the usual servers."""

import os
import pathlib
import subprocess
import sys

import pytest
from clients import TYPESCRIPT

from support import environment

EXAMPLES = pathlib.Path(__file__).parent.parent.parent / "examples"


@pytest.mark.parametrize("name", sorted(file.parent.name for file in EXAMPLES.glob("*/drive.py")))
def test_an_example_does_what_it_says(writ, name):
    settings = os.environ | {
        "WRIT_URL": writ.url,
        "WRIT_ADMIN_URL": writ.admin_url,
        "WRIT_ADMIN_KEY": writ.admin_key,
        "EXAMPLE_FREE_PORTS": "yes",
        # A Node that all of them run on, whatever the distribution has.
        "PATH": f"{environment('node', TYPESCRIPT) / 'node' / 'bin'}:{os.environ['PATH']}",
    }
    driver = [sys.executable, EXAMPLES / name / "drive.py"]
    done = subprocess.run(driver, env=settings, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
