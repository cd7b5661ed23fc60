// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Token} from "../../src/Token.sol";
import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";
import {CallingCoin} from "../hostile/CallingCoin.sol";

/// @notice While money moves, nobody moves more: a token that calls back is refused, and finds the books in order.
contract ReentrancyTest is EscrowTest {
    uint256 private constant CALLS = 13;

    struct Call {
        address from;
        bytes input;
    }

    CallingCoin private coin;

    function setUp() public override {
        super.setUp();
        coin = new CallingCoin();
        token = Token(address(coin));
        coin.mint(payer, FUNDS);
        approve(address(coin), payer);
    }

    /// @dev Every call that moves money.
    function fixtureMoving() public pure returns (uint256[] memory calls) {
        calls = new uint256[](CALLS);
        for (uint256 i = 0; i < CALLS; i++) {
            calls[i] = i;
        }
    }

    /// @dev Each call that is refused from within is welcome afterwards.
    function tableNothingMovesFromWithin(uint256 moving) public {
        Call memory outer = callOf(moving, "outer");
        Call[] memory inner = new Call[](CALLS);
        bytes[] memory inputs = new bytes[](CALLS);
        for (uint256 i = 0; i < CALLS; i++) {
            inner[i] = callOf(i, bytes32(i));
            inputs[i] = inner[i].input;
        }
        coin.arm(escrow, inputs);
        accept(outer.from, outer.input);
        vm.assertEq(coin.accepted(), 0, "accepted");
        vm.assertTrue(coin.count() >= CALLS, "answers");
        for (uint256 i = 0; i < coin.count(); i++) {
            vm.assertEq(coin.answers(i), abi.encodeWithSignature("ReentrancyGuardReentrantCall()"), "answer");
        }
        coin.disarm();
        for (uint256 i = 0; i < CALLS; i++) {
            accept(inner[i].from, inner[i].input);
        }
    }

    /// @dev Whatever a view is asked from within, it tells of the state after the call.
    function tableTheBooksAreWrittenFirst(Act act) public {
        Claim memory c = claim(act, open(), 400);
        askFromWithin(c.channelId, c.nonce);
        accept(act, c);
        bool closes = act == Act.Close || act == Act.CloseRelayed;
        Channel memory written = Channel(closes, 0, payer, payee, address(coin), address(0), DEPOSIT, 400);
        for (uint256 i = 0; i < coin.count(); i += 2) {
            vm.assertEq(coin.answers(i), abi.encode(written), "record");
            vm.assertEq(coin.answers(i + 1), abi.encode(isRelayed(act)), "nonce");
        }
        vm.assertEq(coin.count(), closes ? 4 : 2, "answers");
    }

    function testTheBooksAreWrittenFirstWhenThePayerLeaves() public {
        bytes32 channelId = open();
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        askFromWithin(channelId, 0);
        withdraw(channelId);
        Channel memory written = Channel(true, uint64(NOW), payer, payee, address(coin), address(0), DEPOSIT, 0);
        vm.assertEq(coin.answers(0), abi.encode(written), "record");
    }

    function tableTheBooksAreWrittenFirstWhenOpening(Open way) public {
        bytes32 channelId = channelIdOf(opening());
        askFromWithin(channelId, 0);
        accept(way, opening());
        Channel memory written = Channel(false, 0, payer, payee, address(coin), address(0), DEPOSIT, 0);
        vm.assertEq(coin.answers(0), abi.encode(written), "record");
    }

    /// @dev The one call that is not guarded: it moves nothing, so a payer that calls back gains nothing by it.
    function testAPayerMayAskToLeaveFromWithin() public {
        Opening memory o = opening();
        o.payer = address(coin);
        coin.mint(address(coin), FUNDS);
        coin.send(address(coin), abi.encodeWithSignature("approve(address,uint256)", escrow, FUNDS));
        coin.send(escrow, openInput(Open.Own, o));
        bytes32 channelId = channelIdOf(o);
        bytes[] memory inputs = new bytes[](2);
        (inputs[0], inputs[1]) = (requestCloseInput(channelId), withdrawInput(channelId));
        coin.arm(escrow, inputs);
        coin.send(escrow, topUpInput(Add.Own, addition(channelId)));
        vm.assertEq(coin.accepted(), 1, "accepted");
        vm.assertEq(channel(channelId).closeRequestedAt, NOW, "pending");
        vm.assertEq(channel(channelId).deposit, DEPOSIT + 250, "deposit");
        vm.assertEq(coin.balanceOf(escrow), DEPOSIT + 250, "escrow");
    }

    /// @dev One of the calls, on a channel of its own.
    function callOf(uint256 which, bytes32 salt) private returns (Call memory) {
        Opening memory o = opening();
        o.salt = salt;
        if (which < 5) return Call(sender(Open(which), o), openInput(Open(which), o));
        bytes32 channelId = open(o);
        if (which < 8) {
            Add adding = Add(which - 5);
            return Call(sender(adding, addition(channelId)), topUpInput(adding, addition(channelId)));
        }
        if (which < 12) {
            Act act = Act(which - 8);
            return Call(sender(act), claimInput(act, claim(act, channelId, 400)));
        }
        requestClose(channelId);
        vm.warp(block.timestamp + GRACE);
        return Call(payer, withdrawInput(channelId));
    }

    function askFromWithin(bytes32 channelId, uint256 nonce) private {
        bytes[] memory inputs = new bytes[](2);
        inputs[0] = abi.encodeWithSignature("getChannel(bytes32)", channelId);
        inputs[1] = abi.encodeWithSignature("nonceUsed(address,bytes32,uint256)", payee, channelId, nonce);
        coin.arm(escrow, inputs);
    }
}
