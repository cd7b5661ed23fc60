"""Operations of the golden vectors on the settlement API and on stored channels.

What the SDK asks of the API is seen where it leaves: the HTTP client that the
SDK is given has a transport which keeps the request and answers itself.
"""

import json
import re
import tempfile
from pathlib import Path

import httpx
from mpp_evm import ChargeIntent, FileStore, OKXSAClient, map_sa_error
from mpp_evm.saclient import SessionCloseRequest, SessionSettleRequest
from mpp_evm.session import ChannelState
from pympp_operations import credential_of

RECEIPT = {
    "method": "evm",
    "reference": "0x" + "ab" * 32,
    "status": "success",
    "timestamp": "2030-01-01T00:00:00Z",
    "chainId": 196,
}
CHANNEL = [
    "channelId",
    "payer",
    "payee",
    "token",
    "deposit",
    "settledOnChain",
    "sessionStatus",
    "remainingBalance",
]


def client_of(data, requests):
    def answer(request):
        requests.append(request)
        return httpx.Response(200, json={"code": 0, "data": data, "msg": ""})

    return OKXSAClient(
        base_url="http://sa.test",
        api_key="key",
        secret_key="secret",
        passphrase="passphrase",
        http_client=httpx.AsyncClient(transport=httpx.MockTransport(answer)),
    )


async def sent(call):
    requests = []
    await call(client_of(RECEIPT, requests))
    (request,) = requests
    output = {"method": request.method, "path": request.url.raw_path.decode()}
    return output | ({"body": json.loads(request.content)} if request.content else {})


async def charge(given):
    credential = credential_of(given)
    return await sent(lambda client: ChargeIntent(sa_client=client).verify(credential, {}))


async def session_settle(given):
    request = SessionSettleRequest.model_validate({"payload": given})
    return await sent(lambda client: client.session_settle(request))


async def session_close(given):
    request = SessionCloseRequest.model_validate({"payload": given})
    return await sent(lambda client: client.session_close(request))


async def status_path(given):
    names = {snake(member): value for member, value in given.items()}
    return await sent(lambda client: client.session_status(**names))


async def channel_status_parse(given):
    status = await client_of(given["data"], []).session_status("0x" + "c1" * 32)
    # What was absent has a default in the SDK, but is not set.
    told = status.model_dump(by_alias=True, exclude_unset=True)
    return {"channel": in_small_letters({name: told[name] for name in CHANNEL if name in told})}


async def channel_state_parse(given):
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "channel.json").write_text(given["text"])
        state = ChannelState.from_dict(await FileStore(directory).get("channel"))
    return {"state": in_small_letters({camel(name): value for name, value in vars(state).items()})}


def channel_state_format(given):
    state = {snake(member): value for member, value in given["state"].items()}
    return {"json": ChannelState(**state).to_dict()}


def error_of_code(given):
    problem = map_sa_error(**given).to_problem_details()
    return {"status": problem["status"], "problem": problem["type"]}


def in_small_letters(channel):
    """Ids and addresses as the vectors write them; in the SDK they are text."""
    names = {"channelId", "escrowContract", "payer", "payee", "token", "authorizedSigner"}
    return {name: value.lower() if name in names else value for name, value in channel.items()}


def camel(name):
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)


def snake(name):
    return re.sub("[A-Z]", lambda match: "_" + match[0].lower(), name)


OPERATIONS = {
    "sa.body.charge-settle": charge,
    "sa.body.charge-verify-hash": charge,
    "sa.body.session-close": session_close,
    "sa.body.session-settle": session_settle,
    "sa.channel-state.format": channel_state_format,
    "sa.channel-state.parse": channel_state_parse,
    "sa.channel-status.parse": channel_status_parse,
    "sa.error.okx-python": error_of_code,
    "sa.status.path": status_path,
}
