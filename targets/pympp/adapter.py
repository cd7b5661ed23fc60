"""pympp's functions as a conform402 target."""

import os
import socket
import threading
from importlib.metadata import version

import evm_operations
import pympp_operations
import uvicorn
from pympp_operations import evaluate
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

SDK = "pympp"
OPERATIONS = pympp_operations.OPERATIONS | evm_operations.OPERATIONS


async def identity(request):
    return JSONResponse(
        {
            "contract": 1,
            "name": "pympp",
            "sdk": SDK,
            "version": version(SDK),
            "language": "python",
            "profiles": [],
            "capabilities": [],
            "operations": sorted(OPERATIONS),
        }
    )


async def evaluations(request):
    order = await request.json()
    operation = OPERATIONS[order["operation"]]
    results = [await evaluate(operation, given) for given in order["inputs"]]
    return JSONResponse({"results": results})


app = Starlette(
    routes=[
        Route("/conform402/identity", identity),
        Route("/conform402/evaluations", evaluations, methods=["POST"]),
    ]
)


def stop_when_stdin_closes(server):
    while os.read(0, 4096):
        pass
    server.should_exit = True


if __name__ == "__main__":
    # asyncio turns Nagle's delay off only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, timeout_graceful_shutdown=1))
    threading.Thread(target=stop_when_stdin_closes, args=[server], daemon=True).start()
    print(f"conform402-adapter http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    server.run(sockets=[listener])
