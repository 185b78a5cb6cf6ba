"""The client of the official conformance suite: a `fathom serve` that has the suite's server in its configuration, and is told to call its tools.
Where that wants a sign-in, this is the browser: it opens the address that Fathom gives, and follows it back.

    suite_client.py FATHOM URL        with MCP_CONFORMANCE_CONTEXT and MCP_CONFORMANCE_SCENARIO as the suite sets them
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


def oauth(context):
    """What a person has to configure: what was registered beforehand, or where a document describes us. Mostly it is nothing."""
    lines, scenario = ["[mcp.servers.suite.oauth]"], os.environ["MCP_CONFORMANCE_SCENARIO"]
    for name, key in [("client_id", "client_id"), ("client_secret", "client_secret"), ("issuer", "issuer"), ("private_key", "private_key_pem")]:
        if context.get(key):
            lines.append(f"{name} = {json.dumps(context[key])}")
    if "client-credentials" in scenario:
        lines.append('grant = "client_credentials"')
    if scenario == "auth/basic-cimd":
        lines.append('client_metadata_url = "https://conformance-test.local/client-metadata.json"')
    return "\n".join(lines) + "\n" if len(lines) > 1 else ""


def sign_in(base):
    status, begun = ask(base, "/servers/suite/login", {})
    print("login", status, begun)
    if status != 200:
        return False
    try:
        with urllib.request.urlopen(begun["url"], timeout=60) as page:
            print(page.status, page.read().decode())
            return True
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode())
        return False


def look(base):
    _, listed = ask(base, "/servers")
    suite = listed["items"][0]
    print(json.dumps({"up": suite["up"], "state": suite["state"], "tools": [tool["name"] for tool in suite["tools"]]}))
    return suite


def call_tool(base, call):
    path = f"/servers/suite/tools/{urllib.parse.quote(call['name'], safe='')}"
    body = {"args": call.get("arguments") or {}}
    status, answer = ask(base, path, body)
    if answer.get("code") == "sign_in_wanted" and sign_in(base):
        status, answer = ask(base, path, body)
    print(call["name"], status, answer)
    for _ in range(3):
        # Whoever is asked something fills it in.
        if answer.get("asks") is None:
            return
        body["answers"] = {asked["id"]: {"action": "accept", "content": filled(asked["schema"])} for asked in answer["asks"]}
        body.pop("state", None)
        if "state" in answer:
            body["state"] = answer["state"]
        status, answer = ask(base, path, body)
        print(call["name"], status, answer)


def filled(schema):
    """What has a default is left to it."""
    return {name: argument(field) for name, field in (schema.get("properties") or {}).items() if "default" not in field}


def main(fathom, url):
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "fathom.toml")
        context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
        wants_oauth = os.environ.get("MCP_CONFORMANCE_SCENARIO", "").startswith("auth/")
        settings = f'[mcp.servers.suite]\nurl = "{url}"\nform = "mcp"\ntrusted = true\n'
        config.write_text(settings + (oauth(context) if wants_oauth else ""))
        words = [fathom, "serve", "--listen", "127.0.0.1:0", "--data", folder, "--config", str(config)]
        server = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        try:
            lock = pathlib.Path(folder, "fathom.lock")
            while not (lock.exists() and "url=" in lock.read_text()):
                if server.poll() is not None:
                    return 1
                time.sleep(0.02)
            base = lock.read_text().split("url=")[1].strip()
            suite = look(base)
            for _ in range(2):
                # The second time, where the server has changed its mind about who lets people in.
                if not suite["up"] and "fathom mcp login" in suite["state"]:
                    if not sign_in(base):
                        return 1
                    suite = look(base)
            calls = context.get("toolCalls") or context.get("tool_calls")
            if calls is None:
                calls = [{"name": tool["name"], "arguments": arguments(tool)} for tool in suite["tools"]]
            schemas = {tool["name"]: tool["args"] for tool in suite["tools"]}
            for call in calls:
                if call["name"] == "json_schema_echo":
                    call["arguments"] = {"schema": schemas["json_schema_2020_12_tool"]}
                call_tool(base, call)
            return 0 if suite["up"] else 1
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[-1]))
