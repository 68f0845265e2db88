"""A stdio server with credentials of its own, and the API that it calls."""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from support import Program, Writ, environment, port, run, say  # noqa: E402

CLIENT_ID, SECRET = "notes-over-stdio", "stdio-example-secret-0123456789-abcdef"


def main() -> None:
    writ = Writ()
    api = f"http://localhost:{port(8772)}/notes"
    tenant = writ.tenant("stdio")
    resource = tenant.resource(api)
    credential = tenant.resource_credential(resource)
    tenant.client(
        CLIENT_ID,
        client_secret=SECRET,
        client_name="Notes over stdio",
        grant_types=["client_credentials"],
        token_endpoint_auth_method="client_secret_basic",
        scope="notes:read",
    )
    python = environment("python", HERE / "requirements.txt") / "bin" / "python"
    asking = {
        "API": api,
        "INTROSPECTION_ENDPOINT": f"{tenant.base}/introspect",
        "INTROSPECTION_ID": credential["client_id"],
        "INTROSPECTION_SECRET": credential["client_secret"],
    }
    acting = {"API": api, "TOKEN_ENDPOINT": f"{tenant.base}/token", "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": SECRET}
    with Program([sys.executable, HERE / "api.py"], ready=api, env=os.environ | asking):
        said = run([python, HERE / "client.py"], env=os.environ | acting)
        assert f"Notes of {CLIENT_ID}: buy milk" in said, said
    say("a server over stdio reads notes with a token of its own")


if __name__ == "__main__":
    main()
