"""The client of the official conformance suite: a `fathom serve` that has the suite's server in its configuration, and is told to call its tools.

    suite_client.py FATHOM URL        with MCP_CONFORMANCE_CONTEXT as the suite sets it
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request


def argument(schema):
    return {"number": 1.5, "integer": 1, "string": "test", "boolean": True}.get(schema.get("type"))


def arguments(tool):
    schema = tool.get("args") or {}
    required = schema.get("required") or []
    return {name: argument(schema["properties"][name]) for name in required if name in (schema.get("properties") or {})}


def ask(base, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data=data, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def main(fathom, url):
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "fathom.toml")
        config.write_text(f'[mcp.servers.suite]\nurl = "{url}"\nform = "mcp"\ntrusted = true\n')
        words = [fathom, "serve", "--listen", "127.0.0.1:0", "--data", folder, "--config", str(config)]
        server = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        try:
            lock = pathlib.Path(folder, "fathom.lock")
            while not (lock.exists() and "url=" in lock.read_text()):
                if server.poll() is not None:
                    return 1
                time.sleep(0.02)
            base = lock.read_text().split("url=")[1].strip()
            _, listed = ask(base, "/servers")
            suite = listed["items"][0]
            print(json.dumps({"up": suite["up"], "state": suite["state"], "tools": [tool["name"] for tool in suite["tools"]]}))
            context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
            calls = context.get("toolCalls") or context.get("tool_calls")
            if calls is None:
                calls = [{"name": tool["name"], "arguments": arguments(tool)} for tool in suite["tools"]]
            schemas = {tool["name"]: tool["args"] for tool in suite["tools"]}
            for call in calls:
                if call["name"] == "json_schema_echo":
                    call["arguments"] = {"schema": schemas["json_schema_2020_12_tool"]}
                path = f"/servers/suite/tools/{urllib.parse.quote(call['name'], safe='')}"
                print(call["name"], *ask(base, path, {"args": call.get("arguments") or {}}))
            return 0 if suite["up"] else 1
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[-1]))
