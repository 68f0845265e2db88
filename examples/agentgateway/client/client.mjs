// The SDK inside Inspector 0.16.1, asked as Inspector asks it: no state, no scope.
// Prints the authorization URL, reads the address that the person was sent back to, calls the tool.
import { createInterface } from "node:readline/promises";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [url, redirectUrl] = process.argv.slice(2);
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const kept = {};

const authProvider = {
  redirectUrl,
  clientMetadata: {
    redirect_uris: [redirectUrl],
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    client_name: "MCP Inspector",
    client_uri: "https://github.com/modelcontextprotocol/inspector",
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  codeVerifier: () => kept.verifier,
  redirectToAuthorization: (authorizationUrl) => say({ authorization_url: authorizationUrl.href }),
};

const connect = async () => {
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider });
  const client = new Client({ name: "inspector", version: "0.16.1" });
  try {
    await client.connect(transport);
    return client;
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    const input = createInterface({ input: process.stdin });
    const redirect = new URL(await input.question(""));
    input.close();
    await transport.finishAuth(redirect.searchParams.get("code"));
    return connect();
  }
};

const client = await connect();
const result = await client.callTool({ name: "add", arguments: { a: 2, b: 3 } });
say({ result: result.content[0].text, access_token: kept.tokens.access_token });
await client.close();
