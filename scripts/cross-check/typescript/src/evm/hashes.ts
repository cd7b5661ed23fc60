import { Hash, Hex } from "ox";
import { isObject, type JsonObject } from "../json.ts";
import { integer, list, text } from "../members.ts";
import { type Operations, type Step, refuse } from "../operation.ts";
import { type Members, abiEncode, address, readMembers } from "./abi.ts";

const channel =
  "address payer,address payee,address token,bytes32 salt,address authorizedSigner,address escrow,uint256 chainId";
const open = "address from,address payee,address token,bytes32 salt,address authorizedSigner";
const openWithSplits = `${open},address[] splitRecipients,uint16[] splitBps`;
const topUp = "bytes32 channelId,uint128 additionalDeposit,address from,bytes32 topUpSalt";

export const hashes: Operations = {
  "evm.challenge-hash": (input, step) => {
    const id = text(input, "id");
    if (id === "") refuse("id is empty");
    return { challengeHash: Hash.keccak256(step("encoded", Hex.fromString(id + text(input, "realm")))) };
  },
  "evm.channel.id": (input, step) => {
    const chainId = String(integer(input, "chainId"));
    return { channelId: hash(channel, readMembers(channel, { ...input, chainId }), step) };
  },
  "evm.open-nonce.ietf": (input, step) => ({ nonce: hash(open, readMembers(open, input), step) }),
  "evm.open-nonce.okx": (input, step) => ({
    nonce: hash(openWithSplits, { ...readMembers(open, input), ...readSplits(input) }, step),
  }),
  "evm.top-up-nonce": (input, step) => ({ nonce: hash(topUp, readMembers(topUp, input), step) }),
};

const hash = (written: string, values: Members, step: Step): Hex.Hex =>
  Hash.keccak256(step("encoded", abiEncode(written, values)));

/** The shares are in basis points, and leave the payee something. */
function readSplits(input: JsonObject): Members {
  const splits = list(input, "splits").map((split) => {
    if (!isObject(split)) return refuse("a split is no object");
    const bps = integer(split, "bps");
    if (bps < 1 || bps > 9999) refuse("bps is out of range");
    return { recipient: address(split, "recipient"), bps };
  });
  if (splits.reduce((sum, { bps }) => sum + bps, 0) >= 10000) refuse("the splits leave nothing");
  return {
    splitRecipients: splits.map(({ recipient }) => recipient),
    splitBps: splits.map(({ bps }) => BigInt(bps)),
  };
}
