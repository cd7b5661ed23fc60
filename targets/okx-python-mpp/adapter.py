"""The OKX Python SDK (okxweb3-app-mpp on pympp) as a conform402 target.

Routes are written as that SDK documents them: `@mpp.pay()` where it can, the
low-level `mpp.charge()` where `pay()` has no such argument (splits, body).
"""

import os
import socket
import threading
from functools import cache
from importlib.metadata import version

import httpx
import pympp_operations
import session_routes
import settlement_operations
import uvicorn
import voucher_operations
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from mpp import Challenge, Credential, Receipt
from mpp.server.decorator import make_challenge_response
from mpp.server.mpp import Mpp
from mpp_evm import ChargeIntent, EvmMethod, EvmPaymentError, OKXSAClient
from pympp_operations import evaluate

SDK = "okxweb3-app-mpp"
CAPABILITIES = [
    "charge",
    "charge.hash",
    "charge.splits",
    "charge.fee-payer",
    *session_routes.CAPABILITIES,
    "body-digest",
    "description",
]
OPERATIONS = (
    pympp_operations.OPERATIONS | voucher_operations.OPERATIONS | settlement_operations.OPERATIONS
)

app = FastAPI(openapi_url=None)
merchants = {}
gate = httpx.AsyncClient(trust_env=False, timeout=None)


@app.get("/conform402/identity")
async def identity():
    return {
        "contract": 1,
        "name": "okx-python-mpp",
        "sdk": SDK,
        "version": version(SDK),
        "language": "python",
        "profiles": ["okx-python"],
        "capabilities": CAPABILITIES,
        "operations": sorted(OPERATIONS),
    }


@app.post("/conform402/mounts")
async def mount(request: Request):
    order = await request.json()
    testbed, refused = order["testbed"], []
    sa_client = client_of(**testbed["facilitator"])
    for offer in order["offers"]:
        intent = intent_of(testbed, offer, sa_client)
        mpp = seller(testbed, offer, intent)
        low_level = offer.get("splits") or offer["bindBody"]
        try:
            endpoint = await charge_endpoint(mpp, offer) if low_level else pay_endpoint(mpp, offer)
        except ValueError as refusal:
            refused.append({"path": offer["path"], "reason": str(refusal)})
        else:
            app.add_api_route(offer["path"], endpoint, methods=offer["methods"])
            if "session" in offer:
                merchants[offer["path"]] = session_routes.merchant_of(intent, sa_client)
    return {"refused": refused}


@app.post("/conform402/merchant")
async def merchant(request: Request):
    order = await request.json()
    return await evaluate(merchants[order["path"]], order)


@app.post("/conform402/evaluations")
async def evaluations(request: Request):
    order = await request.json()
    operation = OPERATIONS[order["operation"]]
    return {"results": [await evaluate(operation, given) for given in order["inputs"]]}


@cache
def client_of(url, apiKey, secretKey, passphrase, timeoutMs):
    return OKXSAClient(
        base_url=url,
        api_key=apiKey,
        secret_key=secretKey,
        passphrase=passphrase,
        timeout=timeoutMs / 1000,
    )


def intent_of(testbed, offer, sa_client):
    if "session" in offer:
        return session_routes.session_intent(testbed, offer, sa_client)
    # The SDK keeps chain id and fee payer on the intent, not on pay().
    return ChargeIntent(
        sa_client=sa_client,
        chain_id=offer["chainId"],
        recipient=offer["recipient"],
        fee_payer=offer.get("feePayer", False),
    )


def seller(testbed, offer, intent):
    method = EvmMethod(intents={offer["intent"]: intent})
    method.decimals = testbed["token"]["decimals"]
    return Mpp.create(method=method, realm=testbed["realm"], secret_key=testbed["secretKey"])


def pay_endpoint(mpp, offer):
    session = offer.get("session", {})

    @mpp.pay(
        amount=offer["price"],
        intent=offer["intent"],
        currency=offer["currency"],
        recipient=offer["recipient"],
        description=offer.get("description"),
        unit_type=session.get("unitType"),
        suggested_deposit=session.get("suggestedDeposit"),
    )
    async def paid(request: Request, credential: Credential, receipt: Receipt):
        if "handlerWaitsAt" in offer:
            await gate.get(offer["handlerWaitsAt"])
        return content(offer)

    return paid


async def charge_endpoint(mpp, offer):
    async def charge(authorization, body):
        return await mpp.charge(
            authorization,
            offer["price"],
            currency=offer["currency"],
            recipient=offer["recipient"],
            description=offer.get("description"),
            splits=offer.get("splits"),
            fee_payer=offer.get("feePayer", False),
            chain_id=offer["chainId"],
            body=body,
        )

    async def paid(request: Request):
        body = await request.body() if offer["bindBody"] else None
        try:
            result = await charge(request.headers.get("Authorization"), body)
        except EvmPaymentError as error:  # as the SDK's own pay() does
            return JSONResponse(error.to_problem_details(), error.status_code)
        if isinstance(result, Challenge):
            return make_challenge_response(result, mpp.realm)
        _credential, receipt = result
        headers = {"Payment-Receipt": receipt.to_payment_receipt()}
        return JSONResponse(content(offer), headers=headers)

    # charge() judges its arguments only when called; a refusal belongs to the mount.
    await charge(None, b"" if offer["bindBody"] else None)
    return paid


def content(offer):
    if offer["handlerFails"]:
        raise RuntimeError("this handler fails because its offer says so")
    return {"content": offer["content"]}


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
