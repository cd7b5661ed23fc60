// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice A voucher pays the payee what it allows beyond what was settled.
contract SettleTest is EscrowTest {
    function tablePaysTheDifference(Act settling) public {
        bytes32 channelId = open();
        perform(settling, channelId, 400);
        assertBalances(FUNDS - DEPOSIT, 400, DEPOSIT - 400);
        Claim memory c = claim(settling, channelId, 650);
        vm.expectEmit(escrow);
        emit Settled(channelId, payer, payee, 650, 250, 650);
        vm.assertEq(accept(sender(settling), claimInput(settling, c)), "", "returned");
        Channel memory settled = Channel(false, 0, payer, payee, address(token), address(0), DEPOSIT, 650);
        vm.assertEq(abi.encode(channel(channelId)), abi.encode(settled), "record");
        assertBalances(FUNDS - DEPOSIT, 650, DEPOSIT - 650);
    }

    function tableOnlyMoreThanWasSettled(Act settling) public {
        bytes32 channelId = open();
        refuse(settling, claim(settling, channelId, 0), "AmountNotIncreasing()");
        perform(settling, channelId, 400);
        refuse(settling, claim(settling, channelId, 400), "AmountNotIncreasing()");
        refuse(settling, claim(settling, channelId, 399), "AmountNotIncreasing()");
        refuse(settling, claim(settling, channelId, 0), "AmountNotIncreasing()");
        perform(settling, channelId, 401);
        assertBalances(FUNDS - DEPOSIT, 401, DEPOSIT - 401);
    }

    function tableNotMoreThanWasDeposited(Act settling) public {
        bytes32 channelId = open();
        // There would be money enough, of another channel.
        Opening memory o = opening();
        o.salt = keccak256("another salt");
        open(o);
        refuse(settling, claim(settling, channelId, DEPOSIT + 1), "AmountExceedsDeposit()");
        perform(settling, channelId, DEPOSIT);
        assertBalances(FUNDS - 2 * DEPOSIT, DEPOSIT, DEPOSIT);
        refuse(settling, claim(settling, channelId, DEPOSIT + 1), "AmountExceedsDeposit()");
    }

    function testOnlyThePayeeSettles() public {
        Opening memory o = opening();
        o.authorizedSigner = signer;
        bytes32 channelId = open(o);
        bytes memory input = claimInput(Act.Settle, claim(Act.Settle, payee, signer, channelId, 400));
        refuse(payer, input, "NotPayee()");
        refuse(signer, input, "NotPayee()");
        refuse(stranger, input, "NotPayee()");
        accept(payee, input);
    }

    /// @dev Until the payer has left: during its grace period, and after.
    function tableAPendingCloseStopsNobody(Act settling) public {
        bytes32 channelId = open();
        requestClose(channelId);
        perform(settling, channelId, 400);
        vm.warp(NOW + GRACE - 1);
        perform(settling, channelId, 500);
        vm.warp(NOW + GRACE);
        perform(settling, channelId, 600);
        vm.warp(NOW + 10 * GRACE);
        perform(settling, channelId, 700);
        vm.assertEq(channel(channelId).closeRequestedAt, NOW, "pending");
        withdraw(channelId);
        assertBalances(FUNDS - 700, 700, 0);
    }

    function tableWhateverWasNotCancelledStillServes(Act settling) public {
        bytes32 channelId = open();
        requestClose(channelId);
        accept(Add.Own, addition(channelId));
        perform(settling, channelId, 400);
        assertBalances(FUNDS - DEPOSIT - 250, 400, DEPOSIT + 250 - 400);
    }

    function testFuzzChannelsAreSettledApart(uint128 first, uint128 second, uint128 third) public {
        (first, second, third) = (first % (DEPOSIT + 1), second % (DEPOSIT + 1), third % (DEPOSIT + 1));
        vm.assume(first > 0 && second > first && third > 0);
        bytes32 one = open();
        Opening memory o = opening();
        (o.salt, o.authorizedSigner) = (keccak256("another salt"), signer);
        bytes32 other = open(o);
        perform(Act.Settle, one, first);
        accept(Act.SettleRelayed, claim(Act.SettleRelayed, payee, signer, other, third));
        perform(Act.SettleRelayed, one, second);
        vm.assertEq(channel(one).settled, second, "one");
        vm.assertEq(channel(other).settled, third, "other");
        assertBalances(FUNDS - 2 * DEPOSIT, uint256(second) + third, 2 * DEPOSIT - second - third);
    }
}
