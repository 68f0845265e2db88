// The client's literal requests: paths built onto SERVER_URL, no discovery, no PKCE, no state, no resource, a JSON body at
// the token endpoint, no authentication method named. Then the tool, on a server of its own over stdio.
import { createInterface } from "node:readline/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const { SERVER_URL = "http://localhost:3000", CALLBACK_URL = "http://localhost:3001/callback" } = process.env;
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const post = async (path, body) => {
  const answer = await fetch(`${SERVER_URL}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
};

const registered = await post("/register", {
  client_name: "MCP Demo Client",
  redirect_uris: [CALLBACK_URL],
  grant_types: ["authorization_code"],
  scope: "mcp:tools",
});
const { client_id, client_secret, redirect_uris } = registered.body;
say({ registered: { status: registered.status, client_id, has_secret: Boolean(client_secret), redirect_uris } });

const query = new URLSearchParams({ response_type: "code", client_id, redirect_uri: redirect_uris[0], scope: "mcp:tools" });
say({ authorization_url: `${SERVER_URL}/oauth/authorize?${query}` });
const returned = new URL(await createInterface({ input: process.stdin }).question(""));
const [error, description] = ["error", "error_description"].map((name) => returned.searchParams.get(name));
if (error) say({ refused_at_authorize: { error, description } });

const token = await post("/oauth/token", {
  grant_type: "authorization_code",
  code: returned.searchParams.get("code") ?? "none",
  redirect_uri: redirect_uris[0],
  client_id,
  client_secret,
});
if (token.status !== 200) {
  say({ refused_at_token: { status: token.status, ...token.body }, result: null });
  process.exit();
}

const transport = new StdioClientTransport({
  command: process.execPath,
  args: [new URL("server.mjs", import.meta.url).pathname],
  env: process.env,
});
const client = new Client({ name: "mcp-demo-client", version: "1.0.0" });
await client.connect(transport);
const echo = (access_token) => client.callTool({ name: "echo", arguments: { message: "hello", access_token } });
const [good, bad] = [await echo(token.body.access_token), await echo("not a token")];
await client.close();
say({ token: token.body, result: good.content[0].text, refused: bad.isError === true });
process.exit();
