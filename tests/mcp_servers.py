"""MCP servers of our own: one that does as it is told, as a program or by HTTP, and what is told to it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

SERVER = r"""
import json, os, sys, time
behaviour, tools = json.loads(sys.argv[1])
called = 0

def say(**fields):
    print(json.dumps({"jsonrpc": "2.0", **fields}), flush=True)

def text(said, **more):
    return {"content": [{"type": "text", "text": said}], **more}

def call(name, given):
    global tools, called
    called += 1
    match name:
        case "greet":
            return text(f"hello {given['who']}")
        case "run":
            try:
                exec(given["code"], space := {})
                return text(str(space.get("result")))
            except Exception as error:
                return text(f"{type(error).__name__}: {error}", isError=True)
        case "sum":
            return text("", structuredContent={"sum": given["a"] + given["b"]})
        case "image":
            return {"content": [{"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"}]}
        case "fail":
            return text("it went wrong", isError=True)
        case "count":
            return text(str(called))
        case "die":
            print("out of luck", file=sys.stderr, flush=True)
            os._exit(3)
        case "hang":
            time.sleep(1000)
        case "garbage":
            while True:
                print("this is no JSON-RPC", flush=True)
        case "flood":
            while True:
                say(method="notifications/message", params={"level": "info", "data": "x" * 100_000})
        case "endless":
            while True:
                sys.stdout.write("x" * 100_000)
        case "odd":
            return {"content": "nothing that anybody understands"}
        case "later":
            tools = tools[:1]
            say(method="notifications/tools/list_changed")
            return text("from now on I offer less")

if behaviour == "greets":
    print("welcome to my server\n", flush=True)
if behaviour == "dies":
    sys.exit("I have no key")
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    if behaviour == "hangs":
        time.sleep(1000)
    number = asked["id"]
    match asked["method"]:
        case "initialize":
            version = asked["params"]["protocolVersion"]
            about = {"name": "ours", "version": "1"}
            say(id=number, result={"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": about})
        case "tools/list":
            if behaviour == "from a file":
                tools = json.load(open("tools.json"))
            say(id=number, result={"tools": tools})
        case "tools/call":
            say(id=number, result=call(asked["params"]["name"], asked["params"].get("arguments") or {}))
        case other:
            say(id=number, error={"code": -32601, "message": "there is no method " + other})
"""


def tool(name: str, description: str = "does something", *required: str, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return {"name": name, "description": description, "inputSchema": schema}


GREET = tool("greet", "Greets somebody", "who", who={"type": "string", "description": "whom"})
RUN = tool("run", "Runs Python", "code", code={"type": "string", "description": "what"})
NUMBER = {"type": "integer", "description": "a number"}
SUM = tool("sum", "Adds", "a", "b", a=NUMBER, b=NUMBER)


def command(tools: list[dict[str, Any]], behaviour: str = "") -> list[str]:
    return ["python3", "-c", SERVER, json.dumps([behaviour, tools])]


class Web:
    """A server by HTTP on a free port of 127.0.0.1, which answers in JSON; switches may be changed while it runs."""

    def __init__(self, tools: list[dict[str, Any]]) -> None:
        self.tools = tools
        self.headers: list[dict[str, str]] = []
        """Those of every request, with names in lower case."""
        self.redirect = ""
        """Where calls are sent instead."""
        self.encoding = ""
        """How answers to calls claim to be packed."""
        self.endless = False
        """Answers to calls never end."""
        self.status = 200
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                web.headers.append({name.lower(): value for name, value in self.headers.items()})
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                is_call = asked["method"] == "tools/call"
                if is_call and web.redirect:
                    self._said(307, b"", {"Location": web.redirect})
                elif is_call and web.endless:
                    self._endless()
                elif "id" not in asked:
                    self._said(202, b"")
                else:
                    status = web.status if is_call else 200
                    packed = {"Content-Encoding": web.encoding} if is_call and web.encoding else {}
                    self._said(status, json.dumps(web.answer(asked)).encode(), packed)

            def do_GET(self) -> None:
                self._said(405, b"")

            def do_DELETE(self) -> None:
                self._said(405, b"")

            def _endless(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                try:
                    while True:
                        self.wfile.write(b" " * (1 << 20))
                except OSError:
                    return

            def _said(self, status: int, body: bytes, more: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **(more or {})}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/mcp"

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        head = {"jsonrpc": "2.0", "id": asked["id"]}
        match asked["method"]:
            case "initialize":
                about = {"name": "web", "version": "1"}
                version = asked["params"]["protocolVersion"]
                result = {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": about}
            case "tools/list":
                result = {"tools": self.tools}
            case "tools/call":
                result = {"content": [{"type": "text", "text": f"hello {asked['params']['arguments']['who']}"}]}
            case other:
                return head | {"error": {"code": -32601, "message": f"there is no method {other}"}}
        return head | {"result": result}

    def __enter__(self) -> Web:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
