// A protected MCP server on the TypeScript SDK: its own middleware, the issuer's keys.
import { mcpAuthMetadataRouter, getOAuthProtectedResourceMetadataUrl } from "@modelcontextprotocol/sdk/server/auth/router.js";
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import express from "express";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { z } from "zod";

const { ISSUER = "http://localhost:9000/t/typescript", MCP_PORT = "8768" } = process.env;
const resource = new URL(`http://localhost:${MCP_PORT}/mcp`);

const metadata = await (await fetch(`${ISSUER}/.well-known/oauth-authorization-server`)).json();
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
const verifier = {
  async verifyAccessToken(token) {
    const verified = await jwtVerify(token, keys, { issuer: ISSUER, audience: resource.href, typ: "at+jwt" })
      .catch((error) => { throw new InvalidTokenError(error.message); });
    const { client_id, scope = "", exp } = verified.payload;
    return { token, clientId: client_id, scopes: scope.split(" "), expiresAt: exp };
  },
};

const app = express();
app.use(mcpAuthMetadataRouter({ oauthMetadata: metadata, resourceServerUrl: resource, scopesSupported: ["notes:read"] }));
app.use(requireBearerAuth({
  verifier,
  requiredScopes: ["notes:read"],
  resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource),
}));
app.post("/mcp", express.json(), async (request, response) => {
  const server = new McpServer({ name: "notes", version: "1.0.0" });
  server.registerTool("add", { description: "Adds two numbers.", inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => ({
    content: [{ type: "text", text: String(a + b) }],
  }));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  response.on("close", () => transport.close());
  await server.connect(transport);
  await transport.handleRequest(request, response, request.body);
});
app.use("/mcp", (_request, response) => { response.status(405).end(); });
app.listen(Number(MCP_PORT), "127.0.0.1");
