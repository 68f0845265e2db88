// The server over stdio: its tool is given an access token as an argument, and asks Writ about it.
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const { SERVER_URL, AUDIENCE, INTROSPECTION_ID, INTROSPECTION_SECRET } = process.env;

const holds = async (token) => {
  const answer = await fetch(`${SERVER_URL}/introspect`, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`${INTROSPECTION_ID}:${INTROSPECTION_SECRET}`)}` },
    body: new URLSearchParams({ token }),
  });
  const about = await answer.json();
  return about.active === true && about.aud === AUDIENCE && about.scope.split(" ").includes("mcp:tools");
};

const server = new McpServer({ name: "mcp-demo-server", version: "1.0.0" });
server.tool("echo", "Says what it was told.", { message: z.string(), access_token: z.string() }, async ({ message, access_token }) => {
  if (!(await holds(access_token))) return { isError: true, content: [{ type: "text", text: "invalid_token" }] };
  return { content: [{ type: "text", text: `Echo: ${message}` }] };
});
await server.connect(new StdioServerTransport());
