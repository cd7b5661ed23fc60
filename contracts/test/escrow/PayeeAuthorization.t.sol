// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice Anyone may settle or close with what the payee signed: once, in time, and nothing else.
contract PayeeAuthorizationTest is EscrowTest {
    function fixtureRelayed() public pure returns (Act[] memory acts) {
        acts = new Act[](2);
        (acts[0], acts[1]) = (Act.SettleRelayed, Act.CloseRelayed);
    }

    function testFuzzAnyoneSubmits(uint256 seed, address anyone, uint256 nonce, uint256 deadline) public {
        Act act = fixtureRelayed()[seed % 2];
        vm.assume(anyone != address(vm) && deadline >= NOW);
        Claim memory c = claim(act, open(), 400);
        (c.nonce, c.deadline) = (nonce, deadline);
        authorize(act, payee, c);
        accept(anyone, claimInput(act, c));
        vm.assertEq(token.balanceOf(payee), 400, "payee");
        vm.assertTrue(isUsed(payee, c.channelId, nonce), "used");
    }

    function tableServesUntilItsDeadline(Act relayed) public {
        Claim memory c = claim(relayed, open(), 400);
        c.deadline = NOW + 10;
        authorize(relayed, payee, c);
        vm.warp(NOW + 11);
        refuse(relayed, c, "AuthorizationExpired()");
        vm.warp(NOW + 10);
        accept(relayed, c);
    }

    /// @dev Settle and close share their nonces.
    function tableANonceServesOnce(Act relayed) public {
        Claim memory c = claim(Act.SettleRelayed, open(), 400);
        accept(Act.SettleRelayed, c);
        Claim memory again = claim(relayed, c.channelId, 500);
        again.nonce = c.nonce;
        authorize(relayed, payee, again);
        refuse(relayed, again, "NonceAlreadyUsed()");
        again.nonce++;
        authorize(relayed, payee, again);
        accept(relayed, again);
    }

    /// @dev In any order, as nothing counts up.
    function testNoncesHaveNoOrder() public {
        bytes32 channelId = open();
        uint256[3] memory nonces = [type(uint256).max, 0, 7];
        for (uint256 i = 0; i < nonces.length; i++) {
            Claim memory c = claim(Act.SettleRelayed, channelId, uint128(i + 1));
            c.nonce = nonces[i];
            authorize(Act.SettleRelayed, payee, c);
            accept(Act.SettleRelayed, c);
        }
    }

    function tableNoncesAreOfTheirChannel(Act relayed) public {
        Claim memory c = claim(Act.SettleRelayed, open(), 400);
        accept(Act.SettleRelayed, c);
        Claim memory other = claim(relayed, open(another()), 400);
        vm.assertEq(isUsed(payee, other.channelId, c.nonce), false, "unused");
        other.nonce = c.nonce;
        authorize(relayed, payee, other);
        accept(relayed, other);
    }

    function tableARefusedClaimLeavesTheNonce(Act relayed) public {
        Claim memory c = claim(relayed, open(), DEPOSIT + 1);
        refuse(relayed, c, "AmountExceedsDeposit()");
        vm.assertEq(isUsed(payee, c.channelId, c.nonce), false, "unused");
        vm.assertEq(isUsed(payer, c.channelId, c.nonce), false, "unused");
        c = claim(relayed, c.channelId, DEPOSIT);
        c.nonce--;
        authorize(relayed, payee, c);
        accept(relayed, c);
        vm.assertTrue(isUsed(payee, c.channelId, c.nonce), "used");
        vm.assertEq(isUsed(payer, c.channelId, c.nonce), false, "of the payee");
        vm.assertEq(isUsed(payee, c.channelId, c.nonce + 1), false, "no other");
    }

    function tableOneActIsNotTheOther(Act relayed) public {
        Claim memory c = claim(relayed, open(), 400);
        bytes memory signature = c.payeeSignature;
        authorize(relayed == Act.SettleRelayed ? Act.CloseRelayed : Act.SettleRelayed, payee, c);
        refuse(relayed, c, "InvalidSignature()");
        c.payeeSignature = signature;
        accept(relayed, c);
    }

    /// @dev Each changed value would be welcome, had the payee signed it.
    function tableEveryMemberIsSigned(Act relayed) public {
        bytes32 other = open();
        for (uint256 i = 0; i < 4; i++) {
            Opening memory o = opening();
            o.salt = bytes32(i);
            Claim memory c = claim(relayed, open(o), 400);
            if (i == 0) c.channelId = other;
            if (i == 1) c.cumulativeAmount++;
            if (i == 2) c.nonce += 1000;
            if (i == 3) c.deadline++;
            c.voucher = voucher(payer, c.channelId, c.cumulativeAmount);
            refuse(relayed, c, "InvalidSignature()");
            authorize(relayed, payee, c);
            accept(relayed, c);
        }
    }

    function tableOnlyThePayeeAuthorizes(Act relayed) public {
        Opening memory o = opening();
        o.authorizedSigner = signer;
        Claim memory c = claim(relayed, payee, signer, open(o), 400);
        address[3] memory others = [payer, signer, stranger];
        for (uint256 i = 0; i < others.length; i++) {
            authorize(relayed, others[i], c);
            refuse(relayed, c, "InvalidSignature()");
        }
        authorize(relayed, payee, c);
        accept(relayed, c);
    }

    /// @dev Else a relayer could pay the payee what the payer never allowed.
    function tableThePayeeAloneIsNotEnough(Act relayed) public {
        Claim memory c = claim(relayed, open(), 400);
        bytes memory signature = c.voucher;
        c.voucher = voucher(payee, c.channelId, 400);
        refuse(relayed, c, "InvalidSignature()");
        c.voucher = "";
        refuse(relayed, c, "InvalidSignature()");
        c.voucher = signature;
        accept(relayed, c);
    }

    function testForfeitingNeedsThePayee() public {
        Claim memory c = claim(Act.CloseRelayed, open(), 0);
        c.voucher = "";
        bytes memory signature = c.payeeSignature;
        c.payeeSignature = "";
        refuse(Act.CloseRelayed, c, "InvalidSignature()");
        c.payeeSignature = signature;
        accept(Act.CloseRelayed, c);
    }

    function another() private view returns (Opening memory o) {
        o = opening();
        o.salt = keccak256("another salt");
    }

    function isUsed(address by, bytes32 channelId, uint256 nonce) private view returns (bool) {
        bytes memory input = abi.encodeWithSignature("nonceUsed(address,bytes32,uint256)", by, channelId, nonce);
        return abi.decode(ask(input), (bool));
    }
}
