// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../Vm.sol";
import {Signing} from "./Signing.sol";

/// @notice Every call that settles or closes, by its spelled-out signature, and what is signed for it.
abstract contract ClaimCalls is Signing {
    enum Act {
        Settle,
        SettleRelayed,
        Close,
        CloseRelayed
    }

    struct Claim {
        bytes32 channelId;
        uint128 cumulativeAmount;
        /// Of a payee's authorization; settle and close have none.
        uint256 nonce;
        uint256 deadline;
        bytes payeeSignature;
        bytes voucher;
    }

    function escrowDomain() internal view returns (bytes32) {
        return domain("EVM Payment Channel", "1", block.chainid, escrow);
    }

    function voucherHash(bytes32 channelId, uint128 cumulativeAmount) internal pure returns (bytes32) {
        return vm.eip712HashStruct(
            "Voucher(bytes32 channelId,uint128 cumulativeAmount)", abi.encode(channelId, cumulativeAmount)
        );
    }

    function voucher(address signer, bytes32 channelId, uint128 cumulativeAmount) internal view returns (bytes memory) {
        return sign(signer, digest(escrowDomain(), voucherHash(channelId, cumulativeAmount)));
    }

    function authorizationHash(Act act, Claim memory c) internal pure returns (bytes32) {
        return vm.eip712HashStruct(
            string.concat(
                act == Act.SettleRelayed ? "SettleAuthorization" : "CloseAuthorization",
                "(bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline)"
            ),
            abi.encode(c.channelId, c.cumulativeAmount, c.nonce, c.deadline)
        );
    }

    /// @dev As the payee signs it, with the voucher of `signer`.
    function claim(Act act, address payee, address signer, bytes32 channelId, uint128 cumulativeAmount)
        internal
        returns (Claim memory c)
    {
        c = Claim(channelId, cumulativeAmount, ++lastNonce, block.timestamp + 1 hours, "", "");
        c.voucher = voucher(signer, channelId, cumulativeAmount);
        authorize(act, payee, c);
    }

    function authorize(Act act, address payee, Claim memory c) internal view {
        if (isRelayed(act)) c.payeeSignature = sign(payee, digest(escrowDomain(), authorizationHash(act, c)));
    }

    function isRelayed(Act act) internal pure returns (bool) {
        return act == Act.SettleRelayed || act == Act.CloseRelayed;
    }

    function claimInput(Act act, Claim memory c) internal pure returns (bytes memory) {
        if (!isRelayed(act)) {
            return abi.encodeWithSignature(
                act == Act.Settle ? "settle(bytes32,uint128,bytes)" : "close(bytes32,uint128,bytes)",
                c.channelId,
                c.cumulativeAmount,
                c.voucher
            );
        }
        return abi.encodeWithSignature(
            act == Act.SettleRelayed
                ? "settleWithAuthorization(bytes32,uint128,uint256,uint256,bytes,bytes)"
                : "closeWithAuthorization(bytes32,uint128,uint256,uint256,bytes,bytes)",
            c.channelId,
            c.cumulativeAmount,
            c.nonce,
            c.deadline,
            c.payeeSignature,
            c.voucher
        );
    }

    function requestCloseInput(bytes32 channelId) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("requestClose(bytes32)", channelId);
    }

    function withdrawInput(bytes32 channelId) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("withdraw(bytes32)", channelId);
    }
}
