// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice A payer leaves by itself: it asks, waits, and takes what was not settled.
contract ForcedCloseTest is EscrowTest {
    function testAsks() public {
        bytes32 channelId = open();
        vm.expectEmit(escrow);
        emit CloseRequested(channelId, payer, payee, NOW + GRACE);
        vm.assertEq(accept(payer, requestCloseInput(channelId)), "", "returned");
        Channel memory closing = Channel(false, uint64(NOW), payer, payee, address(token), address(0), DEPOSIT, 0);
        vm.assertEq(abi.encode(channel(channelId)), abi.encode(closing), "record");
        assertBalances(FUNDS - DEPOSIT, 0, DEPOSIT);
    }

    function testOnlyThePayerAsks() public {
        Opening memory o = opening();
        o.authorizedSigner = signer;
        bytes32 channelId = open(o);
        refuse(payee, requestCloseInput(channelId), "NotPayer()");
        refuse(signer, requestCloseInput(channelId), "NotPayer()");
        refuse(stranger, requestCloseInput(channelId), "NotPayer()");
        vm.assertEq(channel(channelId).closeRequestedAt, 0, "unasked");
        requestClose(channelId);
    }

    function testAskingAgainChangesNothing() public {
        bytes32 channelId = open();
        requestClose(channelId);
        vm.warp(NOW + GRACE - 1);
        bool asked = emits(payer, requestCloseInput(channelId), "CloseRequested(bytes32,address,address,uint256)");
        vm.assertEq(asked, false, "asked again");
        vm.assertEq(channel(channelId).closeRequestedAt, NOW, "the first time");
        vm.warp(NOW + GRACE);
        requestClose(channelId);
        withdraw(channelId);
    }

    function testLeaves() public {
        bytes32 channelId = open();
        perform(Act.Settle, channelId, 400);
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        vm.expectEmit(escrow);
        emit ChannelExpired(channelId, payer, payee);
        vm.expectEmit(escrow);
        emit ChannelClosed(channelId, payer, payee, 400, DEPOSIT - 400);
        vm.assertEq(accept(payer, withdrawInput(channelId)), "", "returned");
        Channel memory left = Channel(true, uint64(NOW), payer, payee, address(token), address(0), DEPOSIT, 400);
        vm.assertEq(abi.encode(channel(channelId)), abi.encode(left), "record");
        assertBalances(FUNDS - 400, 400, 0);
    }

    /// @dev However short: the escrow does not judge it.
    function testFuzzTheGracePeriodIsTheDeployersChoice(uint32 period) public {
        vm.assume(period > 0);
        escrow = deployEscrow(period);
        approve(address(token), payer);
        vm.assertEq(ask(abi.encodeWithSignature("CLOSE_GRACE_PERIOD()")), abi.encode(period), "grace period");
        bytes32 channelId = open();
        vm.expectEmit(escrow);
        emit CloseRequested(channelId, payer, payee, NOW + period);
        requestClose(channelId);
        vm.warp(NOW + period - 1);
        refuse(payer, withdrawInput(channelId), "CloseNotReady()");
        vm.warp(NOW + period);
        withdraw(channelId);
    }

    function testLeavesAtTheEndOfTheGracePeriod() public {
        bytes32 channelId = open();
        requestClose(channelId);
        refuse(payer, withdrawInput(channelId), "CloseNotReady()");
        vm.warp(NOW + GRACE - 1);
        refuse(payer, withdrawInput(channelId), "CloseNotReady()");
        vm.warp(NOW + GRACE);
        withdraw(channelId);
    }

    function testLeavesOnlyAfterAsking() public {
        bytes32 channelId = open();
        refuse(payer, withdrawInput(channelId), "CloseNotReady()");
        vm.warp(NOW + 1000 * GRACE);
        refuse(payer, withdrawInput(channelId), "CloseNotReady()");
    }

    function testOnlyThePayerLeaves() public {
        Opening memory o = opening();
        o.authorizedSigner = signer;
        bytes32 channelId = open(o);
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        refuse(payee, withdrawInput(channelId), "NotPayer()");
        refuse(signer, withdrawInput(channelId), "NotPayer()");
        refuse(stranger, withdrawInput(channelId), "NotPayer()");
        withdraw(channelId);
    }

    function testLeavesAnExhaustedChannel() public {
        bytes32 channelId = open();
        perform(Act.Settle, channelId, DEPOSIT);
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        withdraw(channelId);
        vm.assertTrue(channel(channelId).finalized, "finalized");
        assertBalances(FUNDS - DEPOSIT, DEPOSIT, 0);
    }

    function testTakesWhatWasAdded() public {
        bytes32 channelId = open();
        accept(Add.Own, addition(channelId));
        perform(Act.Settle, channelId, 400);
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        withdraw(channelId);
        assertBalances(FUNDS - 400, 400, 0);
    }

    function testChannelsEndApart() public {
        bytes32 one = open();
        Opening memory o = opening();
        o.salt = keccak256("another salt");
        bytes32 other = open(o);
        requestClose(one);
        vm.warp(NOW + GRACE);
        refuse(payer, withdrawInput(other), "CloseNotReady()");
        withdraw(one);
        vm.assertEq(channel(other).finalized, false, "other");
        assertBalances(FUNDS - DEPOSIT, 0, DEPOSIT);
    }

    function testFuzzLeavesWithWhatWasNotSettled(uint128 deposit, uint128 settled, uint64 wait) public {
        Opening memory o = opening();
        (o.deposit, wait) = (uint128(1 + deposit % FUNDS), wait % (2 * GRACE));
        settled %= o.deposit + 1;
        bytes32 channelId = open(o);
        if (settled > 0) perform(Act.Settle, channelId, settled);
        requestClose(channelId);
        vm.warp(NOW + wait);
        (bool left,) = send(payer, withdrawInput(channelId));
        vm.assertEq(left, wait >= GRACE, "left");
        if (left) assertBalances(FUNDS - settled, settled, 0);
        else assertBalances(FUNDS - o.deposit, settled, o.deposit - settled);
    }
}
