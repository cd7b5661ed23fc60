// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Signing} from "./Signing.sol";

/// @notice Every call that opens a channel, by its spelled-out signature.
abstract contract OpenCalls is Signing {
    enum Open {
        Own,
        OwnWithSplits,
        Authorized,
        AuthorizedWithSplits,
        Permitted
    }

    struct Split {
        address recipient;
        uint16 bps;
    }

    struct Opening {
        address payer;
        address payee;
        address token;
        bytes32 salt;
        address authorizedSigner;
        uint128 deposit;
        Split[] splits;
    }

    /// @dev The last argument of OKX's openWithAuthorization.
    struct SignedAuthorization {
        address from;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
        bytes signature;
    }

    function channelIdOf(Opening memory o) internal view returns (bytes32) {
        return keccak256(abi.encode(o.payer, o.payee, o.token, o.salt, o.authorizedSigner, escrow, block.chainid));
    }

    /// @dev The draft's, of five members.
    function openNonce(Opening memory o) internal pure returns (bytes32) {
        return keccak256(abi.encode(o.payer, o.payee, o.token, o.salt, o.authorizedSigner));
    }

    /// @dev OKX's: the same five and two arrays, which are there also when they are empty.
    function openNonceWithSplits(Opening memory o) internal pure returns (bytes32) {
        address[] memory recipients = new address[](o.splits.length);
        uint16[] memory bps = new uint16[](o.splits.length);
        for (uint256 i = 0; i < o.splits.length; i++) {
            (recipients[i], bps[i]) = (o.splits[i].recipient, o.splits[i].bps);
        }
        return keccak256(abi.encode(o.payer, o.payee, o.token, o.salt, o.authorizedSigner, recipients, bps));
    }

    function authorize(Open way, Opening memory o) internal view returns (Authorization memory) {
        return authorize(o.payer, o.deposit, way == Open.Authorized ? openNonce(o) : openNonceWithSplits(o));
    }

    function permit(Opening memory o) internal returns (Permit memory) {
        return permit(
            o.payer,
            o.token,
            o.deposit,
            "ChannelOpenWitness witness)ChannelOpenWitness(address payee,bytes32 salt,address authorizedSigner)",
            abi.encode(o.payee, o.salt, o.authorizedSigner)
        );
    }

    /// @dev With everything signed as it should be.
    function openInput(Open way, Opening memory o) internal returns (bytes memory) {
        if (way == Open.Own || way == Open.OwnWithSplits) return ownInput(way, o);
        if (way == Open.Permitted) return openInput(o, permit(o));
        return openInput(way, o, authorize(way, o));
    }

    function openInput(Open way, Opening memory o, Authorization memory a) internal view returns (bytes memory) {
        bytes memory signature = sign(o.token, a);
        return way == Open.Authorized ? openInput(o, a, signature) : openWithSplitsInput(o, a, signature);
    }

    function openInput(Opening memory o, Authorization memory a, bytes memory signature)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSignature(
            "openWithAuthorization(address,address,uint128,bytes32,address,address,uint256,uint256,bytes32,bytes)",
            o.payee,
            o.token,
            o.deposit,
            o.salt,
            o.authorizedSigner,
            a.from,
            a.validAfter,
            a.validBefore,
            a.nonce,
            signature
        );
    }

    function openWithSplitsInput(Opening memory o, Authorization memory a, bytes memory signature)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSignature(
            "openWithAuthorization(address,address,uint128,bytes32,address,(address,uint16)[],(address,uint256,uint256,bytes32,bytes))",
            o.payee,
            o.token,
            o.deposit,
            o.salt,
            o.authorizedSigner,
            o.splits,
            SignedAuthorization(a.from, a.validAfter, a.validBefore, a.nonce, signature)
        );
    }

    function openInput(Opening memory o, Permit memory p) internal pure returns (bytes memory) {
        return abi.encodeWithSignature(
            "openWithPermit2(address,address,uint128,bytes32,address,address,uint256,uint256,bytes)",
            o.payee,
            o.token,
            o.deposit,
            o.salt,
            o.authorizedSigner,
            o.payer,
            p.nonce,
            p.deadline,
            p.signature
        );
    }

    function ownInput(Open way, Opening memory o) private pure returns (bytes memory) {
        if (way == Open.Own) {
            return abi.encodeWithSignature(
                "open(address,address,uint128,bytes32,address)", o.payee, o.token, o.deposit, o.salt, o.authorizedSigner
            );
        }
        return abi.encodeWithSignature(
            "open(address,address,uint128,bytes32,address,(address,uint16)[])",
            o.payee,
            o.token,
            o.deposit,
            o.salt,
            o.authorizedSigner,
            o.splits
        );
    }
}
