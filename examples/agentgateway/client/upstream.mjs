// The MCP server behind the gateway: one tool, no word about tokens.
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

const answer = async (request, response) => {
  const server = new McpServer({ name: "behind the gateway", version: "1.0.0" });
  server.tool("add", "Adds two numbers.", { a: z.number(), b: z.number() }, ({ a, b }) => ({
    content: [{ type: "text", text: String(a + b) }],
  }));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  await server.connect(transport);
  await transport.handleRequest(request, response);
};

createServer(answer).listen(Number(process.argv[2]), "127.0.0.1");
