// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice Everything that is settled is shared, each part rounded down, and the rest is the payee's.
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

    /// @dev Per settlement: two of 39 leave a split of 2.5 % nothing, and one of 78 leaves it 1.
    function testEachSettlementIsRoundedByItself() public {
        bytes32 channelId = open(shares(1000, 250));
        perform(Act.Settle, channelId, 39);
        assertShared(3, 0, 36);
        perform(Act.Settle, channelId, 78);
        assertShared(6, 0, 72);
        Opening memory o = shares(1000, 250);
        o.salt = keccak256("another salt");
        perform(Act.Settle, open(o), 78);
        assertShared(6 + 7, 1, 72 + 70);
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
        refuse(shared, many(11), "InvalidSplits()");
        Opening memory o = many(10);
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
        perform(Act.Settle, open(o), o.deposit);
        uint256 all = o.deposit;
        assertShared(all * 5000 / 10_000, all * 4999 / 10_000, all - all * 5000 / 10_000 - all * 4999 / 10_000);
    }

    function testFuzzNothingIsLost(uint16 firstBps, uint16 secondBps, uint128 first, uint128 second) public {
        firstBps = 1 + firstBps % 9998;
        secondBps = 1 + secondBps % (9999 - firstBps);
        (first, second) = (first % DEPOSIT, second % (DEPOSIT + 1));
        vm.assume(first > 0 && second > first);
        bytes32 channelId = open(shares(firstBps, secondBps));
        perform(Act.Settle, channelId, first);
        perform(Act.Close, channelId, second);
        uint256 rest = second - first;
        uint256 ofFirst = uint256(first) * firstBps / 10_000 + rest * firstBps / 10_000;
        uint256 ofSecond = uint256(first) * secondBps / 10_000 + rest * secondBps / 10_000;
        assertShared(ofFirst, ofSecond, second - ofFirst - ofSecond);
        assertBalances(FUNDS - second, second - ofFirst - ofSecond, 0);
    }

    function shares(uint16 first, uint16 second) private view returns (Opening memory o) {
        o = opening();
        o.splits = new Split[](2);
        (o.splits[0], o.splits[1]) = (Split(FIRST, first), Split(SECOND, second));
    }

    function many(uint160 count) private view returns (Opening memory o) {
        o = opening();
        o.splits = new Split[](count);
        for (uint160 i = 0; i < count; i++) {
            o.splits[i] = Split(address(0xf00 + i), 100);
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
