// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice Anyone adds to a channel; only its payer's own money keeps it from ending.
contract TopUpTest is EscrowTest {
    function tableAdds(Add adding) public {
        bytes32 channelId = open();
        bytes memory input = topUpInput(adding, addition(channelId));
        vm.expectEmit(escrow);
        emit TopUp(channelId, payer, payee, 250, DEPOSIT + 250);
        vm.assertEq(accept(sender(adding, addition(channelId)), input), "", "returned");
        Channel memory topped = Channel(false, 0, payer, payee, address(token), address(0), DEPOSIT + 250, 0);
        vm.assertEq(abi.encode(channel(channelId)), abi.encode(topped), "record");
        assertBalances(FUNDS - DEPOSIT - 250, 0, DEPOSIT + 250);
    }

    function tableAVoucherMayReachTheNewDeposit(Add adding) public {
        bytes32 channelId = open();
        Claim memory c = claim(Act.Settle, channelId, DEPOSIT + 250);
        refuse(Act.Settle, c, "AmountExceedsDeposit()");
        accept(adding, addition(channelId));
        accept(Act.Settle, c);
        assertBalances(FUNDS - DEPOSIT - 250, DEPOSIT + 250, 0);
    }

    function tableAddsSomething(Add adding) public {
        Addition memory t = addition(open());
        t.additionalDeposit = 0;
        refuse(adding, t, "ZeroDeposit()");
        t.additionalDeposit = 1;
        accept(adding, t);
    }

    function tableADepositHasItsLimit(Add adding) public {
        token.mint(payer, type(uint128).max);
        Addition memory t = addition(open());
        t.additionalDeposit = type(uint128).max - DEPOSIT + 1;
        refuse(adding, t, "DepositOverflow()");
        t.additionalDeposit--;
        accept(adding, t);
        vm.assertEq(channel(t.channelId).deposit, type(uint128).max, "deposit");
    }

    function testOnlyThePayerAddsByItself() public {
        bytes32 channelId = open();
        bytes memory input = topUpInput(Add.Own, addition(channelId));
        token.mint(payee, 250);
        approve(address(token), payee);
        refuse(payee, input, "NotPayer()");
        refuse(stranger, input, "NotPayer()");
        accept(payer, input);
    }

    /// @dev What a stranger adds is the payer's.
    function tableAStrangerAdds(Add adding) public {
        if (adding == Add.Own) return;
        bytes32 channelId = open();
        Addition memory t = addition(channelId);
        t.from = stranger;
        accept(adding, t);
        vm.assertEq(token.balanceOf(stranger), FUNDS - 250, "stranger");
        perform(Act.Close, channelId, 400);
        assertBalances(FUNDS + 250 - 400, 400, 0);
    }

    function tableThePayersMoneyCancelsAPendingClose(Add adding) public {
        bytes32 channelId = open();
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        bytes memory input = topUpInput(adding, addition(channelId));
        vm.expectEmit(escrow);
        emit CloseRequestCancelled(channelId, payer, payee);
        accept(sender(adding, addition(channelId)), input);
        vm.assertEq(channel(channelId).closeRequestedAt, 0, "cancelled");
        refuse(payer, withdrawInput(channelId), "CloseNotReady()");
        requestClose(channelId);
        vm.warp(NOW + 2 * GRACE - 1);
        refuse(payer, withdrawInput(channelId), "CloseNotReady()");
        vm.warp(NOW + 2 * GRACE);
        withdraw(channelId);
        assertBalances(FUNDS, 0, 0);
    }

    /// @dev Else a payee could hold the payer's money for one unit every quarter of an hour.
    function tableAStrangersMoneyCancelsNothing(Add adding) public {
        if (adding == Add.Own) return;
        bytes32 channelId = open();
        requestClose(channelId);
        Addition memory t = addition(channelId);
        t.from = stranger;
        bytes memory input = topUpInput(adding, t);
        vm.assertEq(emits(RELAYER, input, "CloseRequestCancelled(bytes32,address,address)"), false, "cancelled");
        vm.assertEq(channel(channelId).closeRequestedAt, NOW, "pending");
        vm.warp(NOW + GRACE);
        withdraw(channelId);
        assertBalances(FUNDS + 250, 0, 0);
    }

    function tableWithoutAPendingCloseNothingIsCancelled(Add adding) public {
        Addition memory t = addition(open());
        bytes memory input = topUpInput(adding, t);
        bool cancelled = emits(sender(adding, t), input, "CloseRequestCancelled(bytes32,address,address)");
        vm.assertEq(cancelled, false, "cancelled");
    }

    /// @dev Signed as it is called, but with the nonce of another addition.
    function testTheNonceIsOfTheAddition() public {
        bytes32 channelId = open();
        for (uint256 i = 0; i < 4; i++) {
            Authorization memory a = authorize(changed(channelId, i));
            (a.from, a.value) = (payer, 250);
            refuse(RELAYER, topUpInput(addition(channelId), a), "NonceMismatch()");
        }
        accept(Add.Authorized, addition(channelId));
    }

    function testAnAuthorizationAddsToNoOtherChannel() public {
        bytes32 channelId = open();
        Authorization memory a = authorize(addition(channelId));
        bytes memory signature = sign(address(token), a);
        for (uint256 i = 0; i < 4; i++) {
            Addition memory other = changed(channelId, i);
            Authorization memory called = authorize(addition(channelId));
            called.from = other.from;
            refuse(RELAYER, topUpInput(other, called, signature), "NonceMismatch()");
            // The salt is known by the nonce alone.
            called.nonce = topUpNonce(other);
            refuseInWords(RELAYER, topUpInput(other, called, signature), "FiatTokenV2: invalid signature");
        }
        accept(RELAYER, topUpInput(addition(channelId), a, signature));
        refuseInWords(
            RELAYER, topUpInput(addition(channelId), a, signature), "FiatTokenV2: authorization is used or canceled"
        );
    }

    function testTheAuthorizationHasAWindow() public {
        Addition memory t = addition(open());
        Authorization memory a = authorize(t);
        (a.validAfter, a.validBefore) = (NOW, NOW + 2);
        bytes memory input = topUpInput(t, a);
        refuseInWords(RELAYER, input, "FiatTokenV2: authorization is not yet valid");
        vm.warp(NOW + 2);
        refuseInWords(RELAYER, input, "FiatTokenV2: authorization is expired");
        vm.warp(NOW + 1);
        accept(RELAYER, input);
    }

    function testAPermitAddsToNoOtherChannel() public {
        bytes32 channelId = open();
        Permit memory p = permit(addition(channelId));
        for (uint256 i = 0; i < 3; i++) {
            refuse(RELAYER, topUpInput(changed(channelId, i), p), "InvalidSigner()");
        }
        p.deadline++;
        refuse(RELAYER, topUpInput(addition(channelId), p), "InvalidSigner()");
        p.deadline--;
        vm.warp(p.deadline + 1);
        bytes memory expired = abi.encodeWithSignature("SignatureExpired(uint256)", p.deadline);
        refuseWith(RELAYER, topUpInput(addition(channelId), p), expired);
        vm.warp(p.deadline);
        accept(RELAYER, topUpInput(addition(channelId), p));
        refuse(RELAYER, topUpInput(addition(channelId), p), "InvalidNonce()");
    }

    function testAPermitToOpenAddsNothing() public {
        Opening memory o = opening();
        bytes32 channelId = open(o);
        Addition memory t = addition(channelId);
        t.additionalDeposit = DEPOSIT;
        refuse(RELAYER, topUpInput(t, permit(o)), "InvalidSigner()");
    }

    /// @dev Another addition in one member, each welcome had it been signed.
    function changed(bytes32 channelId, uint256 member) private returns (Addition memory t) {
        t = addition(channelId);
        if (member == 0) t.from = stranger;
        if (member == 1) t.additionalDeposit = 251;
        if (member == 2) {
            Opening memory o = opening();
            o.salt = keccak256("another salt");
            t.channelId = channelIdOf(o);
            if (channel(t.channelId).payer == address(0)) open(o);
        }
        if (member == 3) t.topUpSalt = keccak256("another top-up salt");
    }
}
