// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Signing} from "./Signing.sol";

/// @notice Every call that adds to a channel, by its spelled-out signature.
abstract contract TopUpCalls is Signing {
    enum Add {
        Own,
        Authorized,
        Permitted
    }

    struct Addition {
        address from;
        bytes32 channelId;
        address token;
        uint128 additionalDeposit;
        bytes32 topUpSalt;
    }

    function topUpNonce(Addition memory t) internal pure returns (bytes32) {
        return keccak256(abi.encode(t.channelId, t.additionalDeposit, t.from, t.topUpSalt));
    }

    function authorize(Addition memory t) internal view returns (Authorization memory) {
        return authorize(t.from, t.additionalDeposit, topUpNonce(t));
    }

    function permit(Addition memory t) internal returns (Permit memory) {
        return permit(
            t.from,
            t.token,
            t.additionalDeposit,
            "ChannelTopUpWitness witness)ChannelTopUpWitness(bytes32 channelId)",
            abi.encode(t.channelId)
        );
    }

    /// @dev With everything signed as it should be.
    function topUpInput(Add way, Addition memory t) internal returns (bytes memory) {
        if (way == Add.Own) return abi.encodeWithSignature("topUp(bytes32,uint128)", t.channelId, t.additionalDeposit);
        return way == Add.Authorized ? topUpInput(t, authorize(t)) : topUpInput(t, permit(t));
    }

    function topUpInput(Addition memory t, Authorization memory a) internal view returns (bytes memory) {
        return topUpInput(t, a, sign(t.token, a));
    }

    function topUpInput(Addition memory t, Authorization memory a, bytes memory signature)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSignature(
            "topUpWithAuthorization(bytes32,uint128,address,bytes32,uint256,uint256,bytes32,bytes)",
            t.channelId,
            t.additionalDeposit,
            a.from,
            t.topUpSalt,
            a.validAfter,
            a.validBefore,
            a.nonce,
            signature
        );
    }

    function topUpInput(Addition memory t, Permit memory p) internal pure returns (bytes memory) {
        return abi.encodeWithSignature(
            "topUpWithPermit2(bytes32,uint128,address,uint256,uint256,bytes)",
            t.channelId,
            t.additionalDeposit,
            t.from,
            p.nonce,
            p.deadline,
            p.signature
        );
    }
}
