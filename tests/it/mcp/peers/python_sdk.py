"""The official SDK of Python as a client: does once what an assistant does, and prints as JSON what came of it.

Called with a mode (`legacy`, `auto` or a revision) and where the server is: a URL, or a command and its arguments.
"""

import asyncio
import json
import sys

from mcp import Client, MCPError, StdioServerParameters


def plain(model):
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def main(mode, target):
    where = target[0] if target[0].startswith("http") else StdioServerParameters(command=target[0], args=target[1:])
    async with Client(where, mode=mode, read_timeout_seconds=30) as client:
        told = {"revision": client.protocol_version, "tools": [plain(tool) for tool in (await client.list_tools()).tools]}

        async def call(name, args):
            return plain(await client.call_tool(name, args))

        told["search"] = await call("catalog_search", {"query": "customers"})
        told["object"] = await call("catalog_get_object", {"name": "main.orders"})
        told["rows"] = await call("run_sql_readonly", {"sql": "select count(*) as n from orders"})
        told["write"] = await call("run_sql_readonly", {"sql": "delete from orders"})
        told["resources"] = plain(await client.list_resources())["resources"]
        told["resource"] = plain(await client.read_resource("fathom://guide"))["contents"][0]
        told["prompt"] = plain(await client.get_prompt("answer", {"question": "who buys again?"}))
        try:
            await client.get_prompt("nothing", {})
        except MCPError as error:
            told["no_prompt"] = {"code": error.error.code, "message": error.error.message}
    print(json.dumps(told))


asyncio.run(main(sys.argv[1], sys.argv[2:]))
