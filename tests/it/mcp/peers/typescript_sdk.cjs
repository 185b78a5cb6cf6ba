// The official SDKs of TypeScript as clients: do once what an assistant does, and print as JSON what came of it.
// Called with the SDK (`v1` or `v2`), a mode (`legacy`, `auto` or a revision) and where the server is: a URL, or a command and its arguments.
const { createRequire } = require("node:module");
const peers = createRequire(process.env.FATHOM_TEST_MCP_PEERS + "/");

function sdk(version, mode) {
  const who = { name: "peer", version: "1" };
  if (version === "v1") {
    const { Client } = peers("@modelcontextprotocol/sdk/client/index.js");
    const { StdioClientTransport } = peers("@modelcontextprotocol/sdk/client/stdio.js");
    const { StreamableHTTPClientTransport } = peers("@modelcontextprotocol/sdk/client/streamableHttp.js");
    return { client: new Client(who), StdioClientTransport, StreamableHTTPClientTransport };
  }
  const { Client, StreamableHTTPClientTransport } = peers("@modelcontextprotocol/client");
  const { StdioClientTransport } = peers("@modelcontextprotocol/client/stdio");
  const versionNegotiation = { mode: ["legacy", "auto"].includes(mode) ? mode : { pin: mode } };
  return { client: new Client(who, { versionNegotiation }), StdioClientTransport, StreamableHTTPClientTransport };
}

async function main([version, mode, where, ...args]) {
  const { client, StdioClientTransport, StreamableHTTPClientTransport } = sdk(version, mode);
  const transport = where.startsWith("http")
    ? new StreamableHTTPClientTransport(new URL(where))
    : new StdioClientTransport({ command: where, args, stderr: "inherit" });
  const told = {};
  const heard = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (revision) => {
    told.revision = revision;
    heard?.(revision);
  };
  await client.connect(transport);
  told.revision ??= client.getNegotiatedProtocolVersion();
  told.tools = (await client.listTools()).tools;
  const call = (name, args) => client.callTool({ name, arguments: args });
  told.search = await call("catalog_search", { query: "customers" });
  told.object = await call("catalog_get_object", { name: "main.orders" });
  told.rows = await call("run_sql_readonly", { sql: "select count(*) as n from orders" });
  told.write = await call("run_sql_readonly", { sql: "delete from orders" });
  told.resources = (await client.listResources()).resources;
  told.resource = (await client.readResource({ uri: "fathom://guide" })).contents[0];
  told.prompt = await client.getPrompt({ name: "answer", arguments: { question: "who buys again?" } });
  try {
    await client.getPrompt({ name: "nothing" });
  } catch (error) {
    told.no_prompt = { code: error.code, message: error.message };
  }
  await transport.terminateSession?.();
  await client.close();
  console.log(JSON.stringify(told));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
