// A TypeScript SDK's own client, of any version: prints the authorization URL, reads the address that the person was sent
// back to, calls the tool. `client.mjs PACKAGE URL REDIRECT_URI [CLIENT_METADATA_URL [PRIVATE_JWK]]`
import { createInterface } from "node:readline/promises";

const [sdk, url, redirectUrl, clientMetadataUrl, privateJwk] = process.argv.slice(2);
const isSecond = sdk === "@modelcontextprotocol/client"; // since 2.0 everything comes from one module
const from = async (path) => import(isSecond ? sdk : `${sdk}/client/${path}.js`);
const { UnauthorizedError } = await from("auth");
const { Client } = await from("index");
const { StreamableHTTPClientTransport } = await from("streamableHttp");

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const kept = {};

const authProvider = {
  redirectUrl,
  clientMetadataUrl,
  clientMetadata: { client_name: "TypeScript SDK", redirect_uris: [redirectUrl] },
  state: () => "typescript-state",
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  codeVerifier: () => kept.verifier,
  saveDiscoveryState: (state) => { kept.discovery = state; },
  discoveryState: () => kept.discovery,
  redirectToAuthorization: (authorizationUrl) => say({ authorization_url: authorizationUrl.href }),
};

if (privateJwk) {
  const privateKey = JSON.parse(privateJwk);
  const { createPrivateKeyJwtAuth } = await from("auth-extensions");
  authProvider.addClientAuthentication = createPrivateKeyJwtAuth({
    issuer: clientMetadataUrl, subject: clientMetadataUrl, privateKey, alg: privateKey.alg,
  });
}

const connect = async () => {
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider });
  const client = new Client({ name: "writ-client-tests", version: "1.0.0" });
  try {
    await client.connect(transport);
    return client;
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    const input = createInterface({ input: process.stdin });
    const returned = new URL(await input.question("")).searchParams;
    input.close();
    await (isSecond ? transport.finishAuth(returned) : transport.finishAuth(returned.get("code")));
    return connect();
  }
};

const client = await connect();
const answer = await client.callTool({ name: "add", arguments: { a: 2, b: 3 } });
say({ result: answer.content[0].text, client_id: kept.client.client_id, tokens: kept.tokens });
await client.close();
process.exit();
