// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Token} from "../src/Token.sol";
import {vm} from "./Vm.sol";

/// @notice A token, a funded payer, and all ways to present an authorization.
/// @dev Digests come from forge's own EIP-712 and selectors from their spelled-out signatures, so that the token is
/// never measured by itself.
abstract contract TokenTest {
    enum Kind {
        Transfer,
        Receive,
        Cancel
    }

    struct Form {
        Kind kind;
        bool packed; // the signature as bytes, not as v, r, s
    }

    struct Authorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }

    struct Domain {
        string name;
        string version;
        uint256 chainId;
        address verifyingContract;
    }

    string internal constant NAME = "USD Coin";
    string internal constant VERSION = "2";
    uint256 internal constant NOW = 1_700_000_000;
    uint256 internal constant FUNDS = 1_000_000;
    uint256 internal constant KEY = 0x402;
    uint256 internal constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    address internal constant PAYEE = address(0xbeef);
    address internal constant RELAYER = address(0xcafe);
    string internal constant INVALID_SIGNATURE = "FiatTokenV2: invalid signature";

    address internal immutable payer = vm.addr(KEY);
    Token internal token;

    function setUp() public virtual {
        vm.warp(NOW);
        token = new Token(NAME, VERSION, "USDC", 6);
        token.mint(payer, FUNDS);
    }

    function fixtureForm() public pure returns (Form[] memory forms) {
        forms = new Form[](6);
        for (uint256 i = 0; i < forms.length; i++) {
            forms[i] = form(i);
        }
    }

    /// @dev The forms that pay, and so have a time window.
    function fixturePaying() public pure returns (Form[] memory forms) {
        forms = new Form[](4);
        for (uint256 i = 0; i < forms.length; i++) {
            forms[i] = form(i);
        }
    }

    function form(uint256 seed) internal pure returns (Form memory) {
        return Form(Kind((seed % 6) / 2), seed % 2 == 1);
    }

    function authorization() internal view returns (Authorization memory) {
        return Authorization(payer, PAYEE, 250, NOW - 1, NOW + 1, keccak256("nonce"));
    }

    function domain(string memory name, string memory version, uint256 chainId, address verifier)
        internal
        pure
        returns (bytes32)
    {
        return vm.eip712HashStruct(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
            abi.encode(Domain(name, version, chainId, verifier))
        );
    }

    function digest(bytes32 separator, bytes32 message) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", separator, message));
    }

    function digest(Kind kind, Authorization memory a) internal view returns (bytes32) {
        return digest(domain(NAME, VERSION, block.chainid, address(token)), structHash(kind, a));
    }

    function structHash(Kind kind, Authorization memory a) internal pure returns (bytes32) {
        if (kind == Kind.Cancel) {
            return
                vm.eip712HashStruct(
                    "CancelAuthorization(address authorizer,bytes32 nonce)", abi.encode(a.from, a.nonce)
                );
        }
        return vm.eip712HashStruct(
            string.concat(
                kind == Kind.Transfer ? "TransferWithAuthorization" : "ReceiveWithAuthorization",
                "(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
            ),
            abi.encode(a)
        );
    }

    function sign(uint256 key, bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(r, s, v);
    }

    function sign(Kind kind, Authorization memory a) internal view returns (bytes memory) {
        return sign(KEY, digest(kind, a));
    }

    /// @dev The other signature of the same key over the same digest: s in the upper half, v flipped.
    function malleated(bytes memory signature) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = split(signature);
        return abi.encodePacked(r, ORDER - uint256(s), v ^ 7);
    }

    function split(bytes memory signature) internal pure returns (uint8 v, bytes32 r, bytes32 s) {
        (r, s) = abi.decode(signature, (bytes32, bytes32));
        v = uint8(signature[64]);
    }

    function accept(Form memory f, Authorization memory a, bytes memory signature) internal {
        (bool accepted, bytes memory result) = submit(f, a, signature);
        vm.assertTrue(accepted, string(result));
    }

    function refuse(Form memory f, Authorization memory a, bytes memory signature, string memory text) internal {
        (bool accepted, bytes memory result) = submit(f, a, signature);
        assertRefused(accepted, result, text);
    }

    function assertRefused(bool accepted, bytes memory result, string memory text) internal pure {
        vm.assertEq(accepted, false, string.concat("accepted, not refused with: ", text));
        vm.assertEq(result, abi.encodeWithSignature("Error(string)", text), string.concat("not: ", text));
    }

    function submit(Form memory f, Authorization memory a, bytes memory signature)
        internal
        returns (bool accepted, bytes memory result)
    {
        return submitAs(f.kind == Kind.Receive ? a.to : RELAYER, f, a, signature);
    }

    function submitAs(address sender, Form memory f, Authorization memory a, bytes memory signature)
        internal
        returns (bool accepted, bytes memory result)
    {
        bytes memory input = f.packed ? packedCall(f.kind, a, signature) : splitCall(f.kind, a, signature);
        vm.prank(sender);
        return address(token).call(input);
    }

    function packedCall(Kind kind, Authorization memory a, bytes memory signature) private pure returns (bytes memory) {
        if (kind == Kind.Cancel) {
            return abi.encodeWithSignature("cancelAuthorization(address,bytes32,bytes)", a.from, a.nonce, signature);
        }
        return abi.encodeWithSignature(
            string.concat(paying(kind), "(address,address,uint256,uint256,uint256,bytes32,bytes)"),
            a.from,
            a.to,
            a.value,
            a.validAfter,
            a.validBefore,
            a.nonce,
            signature
        );
    }

    function splitCall(Kind kind, Authorization memory a, bytes memory signature) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = split(signature);
        if (kind == Kind.Cancel) {
            return abi.encodeWithSignature(
                "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)", a.from, a.nonce, v, r, s
            );
        }
        return abi.encodePacked(
            bytes4(
                keccak256(
                    bytes.concat(
                        bytes(paying(kind)), "(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)"
                    )
                )
            ),
            abi.encode(a),
            abi.encode(v, r, s)
        );
    }

    function paying(Kind kind) private pure returns (string memory) {
        return kind == Kind.Transfer ? "transferWithAuthorization" : "receiveWithAuthorization";
    }
}
