// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SmartWallet} from "../src/SmartWallet.sol";
import {TokenTest} from "./TokenTest.sol";
import {vm} from "./Vm.sol";

/// @notice EIP-2612.
contract PermitTest is TokenTest {
    struct Permit {
        address owner;
        address spender;
        uint256 value;
        uint256 nonce;
        uint256 deadline;
    }

    function testApprovesOnce() public {
        Permit memory p = permit();
        bytes memory signature = sign(p);
        vm.expectEmit(address(token));
        emit IERC20.Approval(p.owner, p.spender, p.value);
        allow(p, signature);
        vm.assertEq(token.allowance(p.owner, p.spender), p.value, "allowance");
        vm.assertEq(token.nonces(p.owner), 1, "nonce");
        deny(p, signature, INVALID_SIGNATURE);
    }

    function testNoncesCountUp() public {
        Permit memory p = permit();
        allow(p, sign(p));
        p.nonce = 2;
        deny(p, sign(p), INVALID_SIGNATURE);
        p.nonce = 1;
        allow(p, sign(p));
    }

    function testServesUntilItsDeadline() public {
        Permit memory p = permit();
        bytes memory signature = sign(p);
        vm.warp(p.deadline + 1);
        deny(p, signature, "FiatTokenV2: permit is expired");
        vm.warp(p.deadline);
        allow(p, signature);
    }

    function testOtherDomainsDoNotServe() public {
        denyDomain(domain("USD coin", VERSION, block.chainid, address(token)));
        denyDomain(domain(NAME, "1", block.chainid, address(token)));
        denyDomain(domain(NAME, VERSION, block.chainid + 1, address(token)));
        denyDomain(domain(NAME, VERSION, block.chainid, address(this)));
    }

    function testOtherFormsOfTheSignatureAreRefused() public {
        Permit memory p = permit();
        bytes memory signature = sign(p);
        deny(p, malleated(signature), INVALID_SIGNATURE);
        uint8[5] memory others = [0, 1, 26, 29, uint8(signature[64]) ^ 7];
        for (uint256 i = 0; i < others.length; i++) {
            signature[64] = bytes1(others[i]);
            deny(p, signature, INVALID_SIGNATURE);
        }
    }

    function testAWalletPermits() public {
        Permit memory p = permit();
        p.owner = address(new SmartWallet(payer));
        deny(p, sign(7, hash(p)), INVALID_SIGNATURE);
        allow(p, sign(p));
    }

    function testNobodyPermitsForTheZeroAddress() public {
        Permit memory p = permit();
        p.owner = address(0);
        deny(p, new bytes(65), INVALID_SIGNATURE);
    }

    function testFuzzAnotherKeyIsRefused(uint256 key) public {
        key = 1 + key % (ORDER - 1);
        vm.assume(key != KEY);
        deny(permit(), sign(key, hash(permit())), INVALID_SIGNATURE);
    }

    function testFuzzAChangedFieldIsRefused(uint256 field, uint256 change) public {
        Permit memory p = permit();
        bytes memory signature = sign(p);
        bytes32 signed = hash(p);
        field %= 4;
        if (field == 0) p.owner = address(uint160(change));
        if (field == 1) p.spender = address(uint160(change));
        if (field == 2) p.value = change;
        if (field == 3) p.deadline = NOW + change % NOW;
        vm.assume(hash(p) != signed && p.owner.code.length == 0);
        deny(p, signature, INVALID_SIGNATURE);
    }

    function permit() private view returns (Permit memory) {
        return Permit(payer, RELAYER, 250, 0, NOW + 1);
    }

    function permitHash(Permit memory p) private pure returns (bytes32) {
        return vm.eip712HashStruct(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)", abi.encode(p)
        );
    }

    function hash(Permit memory p) private view returns (bytes32) {
        return digest(domain(NAME, VERSION, block.chainid, address(token)), permitHash(p));
    }

    function sign(Permit memory p) private view returns (bytes memory) {
        return sign(KEY, hash(p));
    }

    function allow(Permit memory p, bytes memory signature) private {
        (bool accepted, bytes memory result) = present(p, signature);
        vm.assertTrue(accepted, string(result));
    }

    function deny(Permit memory p, bytes memory signature, string memory text) private {
        (bool accepted, bytes memory result) = present(p, signature);
        assertRefused(accepted, result, text);
    }

    function denyDomain(bytes32 separator) private {
        deny(permit(), sign(KEY, digest(separator, permitHash(permit()))), INVALID_SIGNATURE);
    }

    function present(Permit memory p, bytes memory signature) private returns (bool, bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = split(signature);
        return address(token).call(abi.encodeCall(token.permit, (p.owner, p.spender, p.value, p.deadline, v, r, s)));
    }
}
