// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice Each split recipient has its part of all that was settled, rounded down, however it was settled; the rest is
/// the payee's.
contract SplitsTest is EscrowTest {
    address private constant FIRST = address(0xf1);
    address private constant SECOND = address(0xf2);

    function fixtureShared() public pure returns (Open[] memory ways) {
        ways = new Open[](2);
        (ways[0], ways[1]) = (Open.OwnWithSplits, Open.AuthorizedWithSplits);
    }

    function tableSharesWhatIsSettled(Open shared) public {
        Opening memory o = shares(1000, 250);
        accept(shared, o);
        bytes32 channelId = channelIdOf(o);
        vm.assertEq(splitsOf(channelId), abi.encode(o.splits), "splits");
        perform(Act.Settle, channelId, 400);
        assertShared(40, 10, 350);
        perform(Act.SettleRelayed, channelId, 600);
        assertShared(60, 15, 525);
        perform(Act.Close, channelId, 700);
        assertShared(70, 17, 613);
        assertBalances(FUNDS - 700, 613, 0);
    }

    /// @dev Of 39 the parts are 3.9 and 0.975: 4 together and 3 each by itself, so one unit waits for a later one.
    function tableSharesAreOfTheWhole(Act closing) public {
        bytes32 channelId = open(shares(1000, 250));
        perform(Act.Settle, channelId, 39);
        assertShared(3, 0, 35);
        perform(Act.Settle, channelId, 78);
        assertShared(7, 1, 69);
        perform(closing, channelId, 78);
        assertShared(7, 1, 70);
        assertBalances(FUNDS - 78, 70, 0);
    }

    function testSmallStepsTakeNothingFromTheShares() public {
        bytes32 channelId = open(shares(5000, 1));
        for (uint128 settled = 1; settled <= 100; settled++) {
            perform(Act.Settle, channelId, settled);
        }
        assertShared(50, 0, 50);
    }

    /// @dev Of 10 units ten parts of 9.99 % are nothing, of 11 they are one each: more than was added, had the payee got
    /// all the rest before.
    function testOneUnitMayCompleteEveryShare() public {
        Opening memory o = many(10, 999);
        bytes32 channelId = open(o);
        perform(Act.Settle, channelId, 10);
        assertBalances(FUNDS - DEPOSIT, 1, DEPOSIT - 1);
        perform(Act.Settle, channelId, 11);
        for (uint256 i = 0; i < 10; i++) {
            vm.assertEq(token.balanceOf(o.splits[i].recipient), 1, "share");
        }
        assertBalances(FUNDS - DEPOSIT, 1, DEPOSIT - 11);
    }

    function testWhatRoundingKeptIsThePayeesInTheEnd() public {
        bytes32 channelId = open(many(10, 999));
        perform(Act.Settle, channelId, 10);
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        withdraw(channelId);
        assertBalances(FUNDS - 10, 10, 0);
    }

    function tableClosingSharesToo(Act closing) public {
        perform(closing, open(shares(1000, 250)), 400);
        assertShared(40, 10, 350);
        assertBalances(FUNDS - 400, 350, 0);
    }

    function testTheEventTellsOfTheWhole() public {
        bytes32 channelId = open(shares(1000, 250));
        bytes memory input = claimInput(Act.Close, claim(Act.Close, channelId, 400));
        vm.expectEmit(escrow);
        emit Settled(channelId, payer, payee, 400, 400, 400);
        vm.expectEmit(escrow);
        emit ChannelClosed(channelId, payer, payee, 400, DEPOSIT - 400);
        accept(payee, input);
    }

    function tableNothingIsSharedOfWhatGoesBack(Act closing) public {
        bytes32 channelId = open(shares(1000, 250));
        perform(closing, channelId, 0);
        assertShared(0, 0, 0);
        assertBalances(FUNDS, 0, 0);
    }

    function testNothingIsSharedWithALeavingPayer() public {
        bytes32 channelId = open(shares(1000, 250));
        perform(Act.Settle, channelId, 400);
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        withdraw(channelId);
        assertShared(40, 10, 350);
        assertBalances(FUNDS - 400, 350, 0);
    }

    function testWhatIsAddedIsSharedToo() public {
        bytes32 channelId = open(shares(1000, 250));
        accept(Add.Own, addition(channelId));
        perform(Act.Settle, channelId, DEPOSIT + 200);
        assertShared(120, 30, 1050);
    }

    function tableAlmostAllMayBeShared(Open shared) public {
        Opening memory o = shares(5000, 5000);
        refuse(shared, o, "InvalidSplits()");
        o = shares(5000, 5001);
        refuse(shared, o, "InvalidSplits()");
        // Too much for 16 bits, and then again little.
        o = shares(65535, 1001);
        refuse(shared, o, "InvalidSplits()");
        o = shares(5000, 4999);
        accept(shared, o);
        perform(Act.Settle, channelIdOf(o), 1000);
        assertShared(500, 499, 1);
    }

    function tableNoShareIsEmpty(Open shared) public {
        refuse(shared, shares(100, 0), "InvalidSplits()");
        refuse(shared, shares(0, 100), "InvalidSplits()");
        accept(shared, shares(1, 1));
    }

    function tableSharesGoToSomebodyElse(Open shared) public {
        Opening memory o = shares(100, 100);
        o.splits[1].recipient = address(0);
        refuse(shared, o, "InvalidSplits()");
        o.splits[1].recipient = escrow;
        refuse(shared, o, "InvalidSplits()");
        o.splits[1].recipient = FIRST;
        accept(shared, o);
        perform(Act.Settle, channelIdOf(o), 1000);
        assertShared(20, 0, 980);
    }

    function tableAPartyMayHaveAShare(Open shared) public {
        Opening memory o = shares(1000, 2000);
        (o.splits[0].recipient, o.splits[1].recipient) = (payer, payee);
        accept(shared, o);
        perform(Act.Settle, channelIdOf(o), 1000);
        assertBalances(FUNDS - DEPOSIT + 100, 900, 0);
    }

    function tableAtMostTenShares(Open shared) public {
        refuse(shared, many(11, 100), "InvalidSplits()");
        Opening memory o = many(10, 100);
        accept(shared, o);
        vm.assertEq(splitsOf(channelIdOf(o)), abi.encode(o.splits), "splits");
        perform(Act.Settle, channelIdOf(o), 1000);
        for (uint160 i = 0; i < 10; i++) {
            vm.assertEq(token.balanceOf(address(0xf00 + i)), 10, "share");
        }
        assertBalances(FUNDS - DEPOSIT, 900, 0);
    }

    function tableARefusedSplitLeavesNothing(Open shared) public {
        Opening memory o = shares(100, 0);
        refuse(shared, o, "InvalidSplits()");
        vm.assertEq(splitsOf(channelIdOf(o)), abi.encode(new Split[](0)), "splits");
        vm.assertEq(channel(channelIdOf(o)).payer, address(0), "record");
    }

    function testTheLargestAmountIsShared() public {
        Opening memory o = shares(5000, 4999);
        o.deposit = type(uint128).max;
        token.mint(payer, o.deposit);
        bytes32 channelId = open(o);
        perform(Act.Settle, channelId, 1);
        perform(Act.Close, channelId, o.deposit);
        uint256 all = o.deposit;
        assertShared(all * 5000 / 10_000, all * 4999 / 10_000, all - all * 5000 / 10_000 - all * 4999 / 10_000);
    }

    /// @dev Neither the order nor the number of settlements changes what anybody has in the end, nor on the way what a
    /// recipient has.
    function testFuzzStepsDoNotMatter(uint256 seed, uint128[4] memory steps, bool leaves) public {
        Opening memory o = many(uint160(1 + seed % 10), uint16(1 + (seed >> 8) % 900));
        o.splits[0].bps += uint16((seed >> 24) % 1000);
        bytes32 channelId = open(o);
        uint128 settled = 0;
        for (uint256 i = 0; i < steps.length; i++) {
            if (settled == DEPOSIT) break;
            // Small steps are those that rounding spoils.
            uint128 most = i % 2 == 0 ? DEPOSIT - settled : 1;
            settled += 1 + steps[i] % most;
            perform(Act.Settle, channelId, settled);
            assertParts(o.splits, settled);
        }
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        if (leaves) withdraw(channelId);
        else perform(Act.Close, channelId, settled);
        uint256 shared = assertParts(o.splits, settled);
        assertBalances(FUNDS - settled, settled - shared, 0);
    }

    function assertParts(Split[] memory splits, uint256 settled) private view returns (uint256 shared) {
        for (uint256 i = 0; i < splits.length; i++) {
            uint256 part = settled * splits[i].bps / 10_000;
            shared += part;
            vm.assertEq(token.balanceOf(splits[i].recipient), part, "share");
        }
    }

    function shares(uint16 first, uint16 second) private view returns (Opening memory o) {
        o = opening();
        o.splits = new Split[](2);
        (o.splits[0], o.splits[1]) = (Split(FIRST, first), Split(SECOND, second));
    }

    function many(uint160 count, uint16 bps) private view returns (Opening memory o) {
        o = opening();
        o.splits = new Split[](count);
        for (uint160 i = 0; i < count; i++) {
            o.splits[i] = Split(address(0xf00 + i), bps);
        }
    }

    function splitsOf(bytes32 channelId) private view returns (bytes memory) {
        return ask(abi.encodeWithSignature("getSplits(bytes32)", channelId));
    }

    function assertShared(uint256 ofFirst, uint256 ofSecond, uint256 ofPayee) private view {
        vm.assertEq(token.balanceOf(FIRST), ofFirst, "first");
        vm.assertEq(token.balanceOf(SECOND), ofSecond, "second");
        vm.assertEq(token.balanceOf(payee), ofPayee, "payee");
    }
}
