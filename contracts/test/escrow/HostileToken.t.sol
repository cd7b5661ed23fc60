// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Token} from "../../src/Token.sol";
import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";
import {BlockingCoin} from "../hostile/BlockingCoin.sol";
import {Coin} from "../hostile/Coin.sol";
import {FalseCoin} from "../hostile/FalseCoin.sol";
import {FeeCoin} from "../hostile/FeeCoin.sol";
import {LyingCoin} from "../hostile/LyingCoin.sol";
import {SilentCoin} from "../hostile/SilentCoin.sol";

/// @notice A token that moves something else than it was asked to is refused; one that is merely odd serves.
contract HostileTokenTest is EscrowTest {
    address private constant RECIPIENT = address(0xf1);

    function tableNothingIsOpenedWithLessOrMoreThanTheDeposit(Open way) public {
        FeeCoin coin = new FeeCoin();
        use(coin);
        refuse(way, opening(), "DepositNotReceived()");
        coin.setFee(-1);
        refuse(way, opening(), "DepositNotReceived()");
        coin.setFee(int128(DEPOSIT));
        refuse(way, opening(), "DepositNotReceived()");
        coin.setFee(0);
        accept(way, opening());
    }

    function tableNothingIsAddedWithLessOrMore(Add adding) public {
        FeeCoin coin = new FeeCoin();
        use(coin);
        coin.setFee(0);
        bytes32 channelId = open();
        coin.setFee(1);
        refuse(adding, addition(channelId), "DepositNotReceived()");
        coin.setFee(-1);
        refuse(adding, addition(channelId), "DepositNotReceived()");
        coin.setFee(0);
        accept(adding, addition(channelId));
    }

    function testNoMeansNo() public {
        FalseCoin coin = new FalseCoin();
        use(coin);
        refuseWhileFrozen(coin, payer, openInput(Open.Own, opening()));
        bytes32 channelId = channelIdOf(opening());
        refuseWhileFrozen(coin, payer, topUpInput(Add.Own, addition(channelId)));
        refuseWhileFrozen(coin, payee, claimInput(Act.Settle, claim(Act.Settle, channelId, 100)));
        refuseWhileFrozen(coin, RELAYER, claimInput(Act.SettleRelayed, claim(Act.SettleRelayed, channelId, 200)));
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        refuseWhileFrozen(coin, payer, withdrawInput(channelId));
        assertBalances(FUNDS - 200, 200, 0);
    }

    function tableNoMeansNoToAClose(Act closing) public {
        FalseCoin coin = new FalseCoin();
        use(coin);
        bytes32 channelId = open();
        refuseWhileFrozen(coin, sender(closing), claimInput(closing, claim(closing, channelId, 400)));
        assertBalances(FUNDS - 400, 400, 0);
    }

    function tableATokenMayReturnNothing(Open way) public {
        use(new SilentCoin());
        accept(way, opening());
        bytes32 channelId = channelIdOf(opening());
        for (uint256 i = 0; i < 3; i++) {
            accept(Add(i), addition(channelId));
        }
        perform(Act.Settle, channelId, 100);
        perform(Act.SettleRelayed, channelId, 200);
        perform(Act.Close, channelId, 400);
        assertBalances(FUNDS - 400, 400, 0);
        Opening memory o = opening();
        o.salt = keccak256("another salt");
        channelId = open(o);
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        withdraw(channelId);
        assertBalances(FUNDS - 400, 400, 0);
    }

    /// @dev Nor is it asked to, where nothing is due.
    function testATokenMayRefuseToMoveNothing() public {
        use(new SilentCoin());
        Opening memory o = withShare(1);
        bytes32 channelId = open(o);
        perform(Act.Settle, channelId, 1);
        perform(Act.Settle, channelId, DEPOSIT);
        perform(Act.Close, channelId, 0);
        o.salt = keccak256("another salt");
        channelId = open(o);
        perform(Act.Close, channelId, 0);
        assertBalances(FUNDS - DEPOSIT, DEPOSIT, 0);
        o.salt = keccak256("a third salt");
        channelId = open(o);
        perform(Act.Settle, channelId, DEPOSIT);
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        withdraw(channelId);
        assertBalances(FUNDS - 2 * DEPOSIT, 2 * DEPOSIT, 0);
    }

    function testABlockedPayeeKeepsNobody() public {
        BlockingCoin coin = new BlockingCoin();
        use(coin);
        bytes32 channelId = open();
        perform(Act.Settle, channelId, 100);
        coin.setBlocked(payee, true);
        refuseClaims(channelId);
        requestAndWithdraw(channelId);
        assertBalances(FUNDS - 100, 100, 0);
    }

    function tableABlockedRecipientKeepsNothingFromThePayee(Act act) public {
        BlockingCoin coin = new BlockingCoin();
        use(coin);
        assertThePayeeIsPaidInstead(coin, act);
        coin.setBlocked(payee, true);
        bytes32 channelId = openAgain(withShare(1000));
        refuseClaims(channelId);
        requestAndWithdraw(channelId);
    }

    function tableNorDoesOneThatTheTokenSaysNoTo(Act act) public {
        assertThePayeeIsPaidInstead(new FalseCoin(), act);
    }

    /// @dev Or the share would be paid twice, with the money of other channels.
    function tableATokenThatSaysNoAndMovesIsRefused(Act act) public {
        LyingCoin coin = new LyingCoin();
        use(coin);
        openAgain(opening());
        Claim memory c = claim(act, open(withShare(1000)), 400);
        bytes memory fault = abi.encodeWithSignature("SafeERC20FailedOperation(address)", address(coin));
        coin.setBlocked(RECIPIENT, true);
        refuseWith(sender(act), claimInput(act, c), fault);
        coin.setGives(true);
        refuseWith(sender(act), claimInput(act, c), fault);
        vm.assertEq(token.balanceOf(RECIPIENT), 0, "recipient");
        coin.setBlocked(RECIPIENT, false);
        accept(act, c);
        vm.assertEq(token.balanceOf(RECIPIENT), 40, "recipient");
    }

    function testFuzzBlockedRecipientsKeepNothingFromTheOthers(uint256 blocked) public {
        BlockingCoin coin = new BlockingCoin();
        use(coin);
        Opening memory o = opening();
        o.splits = new Split[](10);
        uint256 ofPayee = 100;
        for (uint256 i = 0; i < 10; i++) {
            o.splits[i] = Split(address(uint160(0xf00 + i)), uint16(100 * (1 + i)));
            coin.setBlocked(o.splits[i].recipient, blocked >> i & 1 == 1);
            if (blocked >> i & 1 == 0) ofPayee -= 1 + i;
        }
        perform(Act.Close, open(o), 100);
        for (uint256 i = 0; i < 10; i++) {
            vm.assertEq(token.balanceOf(o.splits[i].recipient), blocked >> i & 1 == 1 ? 0 : 1 + i, "recipient");
        }
        assertBalances(FUNDS - 100, ofPayee, 0);
    }

    /// @dev Whoever sends the transaction chooses its gas, but not who is paid: a share fails for want of gas only with
    /// the whole call.
    function testFuzzNoGasKeepsAShareFromItsRecipient(uint256 gas) public {
        Claim memory c = claim(Act.SettleRelayed, open(withShare(1000)), 400);
        bytes memory input = claimInput(Act.SettleRelayed, c);
        vm.prank(RELAYER);
        (bool accepted,) = escrow.call{gas: gas % 300_000}(input);
        vm.assertEq(token.balanceOf(RECIPIENT), accepted ? 40 : 0, "recipient");
        vm.assertEq(token.balanceOf(payee), accepted ? 360 : 0, "payee");
    }

    /// @dev Of 19 the parts are 9.5 and 8.55: one unit was kept until the end, and a blocked payee cannot take it.
    function testABlockedPayeeDoesNotKeepThePayerByWhatRoundingKept() public {
        BlockingCoin coin = new BlockingCoin();
        use(coin);
        Opening memory o = opening();
        o.splits = new Split[](2);
        (o.splits[0], o.splits[1]) = (Split(RECIPIENT, 5000), Split(address(0xf2), 4500));
        bytes32 channelId = open(o);
        perform(Act.Settle, channelId, 19);
        assertBalances(FUNDS - DEPOSIT, 1, DEPOSIT - 18);
        coin.setBlocked(payee, true);
        requestAndWithdraw(channelId);
        assertBalances(FUNDS - 18, 1, 0);
    }

    function testABlockedRecipientDoesNotKeepThePayeeFromForfeiting() public {
        BlockingCoin coin = new BlockingCoin();
        use(coin);
        bytes32 channelId = open(withShare(1000));
        coin.setBlocked(RECIPIENT, true);
        perform(Act.Close, channelId, 0);
        assertBalances(FUNDS, 0, 0);
    }

    /// @dev A blocked payer keeps the payee from closing, as the rest cannot go back, but not from its money.
    function testABlockedPayerKeepsNothingFromThePayee() public {
        BlockingCoin coin = new BlockingCoin();
        use(coin);
        bytes32 channelId = open();
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        coin.setBlocked(payer, true);
        refuseInWords(payee, claimInput(Act.Close, claim(Act.Close, channelId, 400)), "blocked");
        refuseInWords(payer, withdrawInput(channelId), "blocked");
        perform(Act.Settle, channelId, 400);
        coin.setBlocked(payer, false);
        withdraw(channelId);
        assertBalances(FUNDS - 400, 400, 0);
    }

    /// @dev Henceforth `token` is this one, whatever its type says.
    function use(Coin coin) private {
        token = Token(address(coin));
        coin.mint(payer, FUNDS);
        approve(address(coin), payer);
    }

    /// @dev And for good: a share that could not be paid is not owed afterwards.
    function assertThePayeeIsPaidInstead(BlockingCoin coin, Act act) private {
        use(coin);
        bytes32 channelId = open(withShare(1000));
        perform(Act.Settle, channelId, 100);
        coin.setBlocked(RECIPIENT, true);
        perform(Act.Settle, channelId, 300);
        vm.assertEq(token.balanceOf(payee), 90 + 200, "payee");
        perform(act, channelId, 400);
        vm.assertEq(token.balanceOf(payee), 90 + 300, "payee");
        vm.assertEq(token.balanceOf(RECIPIENT), 10, "recipient");
        coin.setBlocked(RECIPIENT, false);
        if (channel(channelId).finalized) return;
        perform(act, channelId, 500);
        vm.assertEq(token.balanceOf(payee), 90 + 300 + 90, "payee");
        vm.assertEq(token.balanceOf(RECIPIENT), 20, "recipient");
    }

    function openAgain(Opening memory o) private returns (bytes32) {
        o.salt = keccak256("another salt");
        return open(o);
    }

    function withShare(uint16 bps) private view returns (Opening memory o) {
        o = opening();
        o.splits = new Split[](1);
        o.splits[0] = Split(RECIPIENT, bps);
    }

    function requestAndWithdraw(bytes32 channelId) private {
        requestClose(channelId);
        vm.warp(block.timestamp + GRACE);
        withdraw(channelId);
    }

    function refuseClaims(bytes32 channelId) private {
        for (uint256 i = 0; i < 4; i++) {
            refuseInWords(sender(Act(i)), claimInput(Act(i), claim(Act(i), channelId, 400)), "blocked");
        }
    }

    function refuseWhileFrozen(FalseCoin coin, address from, bytes memory input) private {
        coin.freeze(true);
        refuseWith(from, input, abi.encodeWithSignature("SafeERC20FailedOperation(address)", address(coin)));
        coin.freeze(false);
        accept(from, input);
    }
}
