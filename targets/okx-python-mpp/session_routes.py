"""Sessions of the SDK's SessionIntent, and what their merchant does of its own accord."""

from functools import cache
from pathlib import Path

from mpp_evm.session import SessionIntent
from mpp_evm.signer import PrivateKeySigner
from mpp_evm.store import FileStore, InMemoryChannelStore

CAPABILITIES = [
    "session",
    "session.hash",
    "session.fee-payer",
    "session.settle",
    "session.close",
    "session.status",
    "session.durable-store",
]


def session_intent(testbed, offer, sa_client):
    session = offer["session"]
    return SessionIntent(
        sa_client=sa_client,
        recipient=offer["recipient"],
        signer=PrivateKeySigner.from_hex(session["payeeKey"]),
        store=store_of(testbed.get("store"), offer["recipient"].lower()),
        chain_id=offer["chainId"],
        escrow_contract=session["escrow"],
        per_request_cost=int(offer["amount"]),
        min_voucher_delta=int(session.get("minVoucherDelta", "0")),
        fee_payer=offer.get("feePayer", False),
    )


@cache
def store_of(folder, recipient):
    # A channel is good for every route of its recipient, whatever they cost.
    return FileStore(str(Path(folder, recipient))) if folder else InMemoryChannelStore()


def merchant_of(intent, sa_client):
    async def status(channel_id):
        return (await sa_client.session_status(channel_id)).model_dump(by_alias=True)

    actions = {"settle": intent.settle_channel, "close": intent.close_channel, "status": status}
    return lambda order: actions[order["action"]](order["channelId"])
