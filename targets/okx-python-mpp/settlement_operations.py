"""Golden vectors' operations of the settlement API and of stored channels.

What the SDK sends is seen where it leaves: its HTTP client gets a transport that
answers with a success and keeps the request.
"""

import json
import re
import tempfile
from pathlib import Path

import httpx
from mpp_evm import ChargeIntent, FileStore, OKXSAClient, map_sa_error
from mpp_evm.saclient import (
    SessionCloseRequest,
    SessionOpenRequest,
    SessionSettleRequest,
    SessionStatus,
    SessionTopUpRequest,
)
from mpp_evm.session import ChannelState
from pympp_operations import credential_of


async def sent(call):
    requests = []

    def answer(request):
        requests.append(request)
        return httpx.Response(200, json={"code": 0, "data": RECEIPT, "msg": ""})

    client = OKXSAClient(
        base_url="http://sa.test",
        api_key="key",
        secret_key="secret",
        passphrase="passphrase",
        http_client=httpx.AsyncClient(transport=httpx.MockTransport(answer)),
    )
    await call(client)
    (request,) = requests
    output = {"method": request.method, "path": request.url.raw_path.decode()}
    if request.content:
        output["body"] = json.loads(request.content)
    return output


RECEIPT = {
    "method": "evm",
    "reference": "0x" + "ab" * 32,
    "status": "success",
    "timestamp": "2030-01-01T00:00:00Z",
    "chainId": 196,
}


async def charge(given):
    credential = credential_of(given)
    return await sent(
        lambda client: ChargeIntent(sa_client=client, recipient="").verify(credential, {})
    )


async def session_open(given):
    request = SessionOpenRequest.model_validate(given)
    return await sent(lambda client: client.session_open(request))


async def session_top_up(given):
    request = SessionTopUpRequest.model_validate(given)
    return await sent(lambda client: client.session_top_up(request))


async def session_settle(given):
    request = SessionSettleRequest.model_validate({"payload": given})
    return await sent(lambda client: client.session_settle(request))


async def session_close(given):
    request = SessionCloseRequest.model_validate({"payload": given})
    return await sent(lambda client: client.session_close(request))


async def status_path(given):
    return await sent(lambda client: client.session_status(given["channelId"]))


def channel_status(given):
    status = SessionStatus.model_validate(given["data"])
    channel = status.model_dump(by_alias=True, exclude_unset=True)
    channel.pop("cumulativeAmount", None)
    return {"channel": in_lower_case(channel)}


async def channel_state_parse(given):
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "channel.json").write_text(given["text"])
        state = ChannelState.from_dict(await FileStore(directory).get("channel"))
    written = {camel(name): value for name, value in vars(state).items()}
    return {"state": in_lower_case(written)}


def channel_state_format(given):
    state = {snake(name): value for name, value in given["state"].items()}
    return {"json": ChannelState(**state).to_dict()}


def error_of_code(given):
    problem = map_sa_error(**given).to_problem_details()
    return {"status": problem["status"], "problem": problem["type"]}


def in_lower_case(channel):
    """The vectors' form of ids and addresses, which are strings in the SDK."""
    names = ["channelId", "escrowContract", "payer", "payee", "token", "authorizedSigner"]
    return channel | {name: channel[name].lower() for name in names if name in channel}


def camel(name):
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)


def snake(name):
    return re.sub("[A-Z]", lambda match: "_" + match[0].lower(), name)


OPERATIONS = {
    "sa.body.charge-settle": charge,
    "sa.body.charge-verify-hash": charge,
    "sa.body.session-open": session_open,
    "sa.body.session-top-up": session_top_up,
    "sa.body.session-settle": session_settle,
    "sa.body.session-close": session_close,
    "sa.status.path": status_path,
    "sa.channel-status.parse": channel_status,
    "sa.channel-state.parse": channel_state_parse,
    "sa.channel-state.format": channel_state_format,
    "sa.error.okx-python": error_of_code,
}
