// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Token} from "../src/Token.sol";
import {ClaimCalls} from "./escrow/ClaimCalls.sol";
import {EscrowEvents} from "./escrow/EscrowEvents.sol";
import {OpenCalls} from "./escrow/OpenCalls.sol";
import {TopUpCalls} from "./escrow/TopUpCalls.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice An escrow, its parties, and all ways to call it. A test named `table` runs once for each way.
/// @dev Nothing the tests expect is taken from the escrow: they spell out its selectors, errors and events, hash ids
/// and nonces by hand, and have forge hash what is signed.
abstract contract EscrowTest is OpenCalls, TopUpCalls, ClaimCalls, EscrowEvents {
    struct Channel {
        bool finalized;
        uint64 closeRequestedAt;
        address payer;
        address payee;
        address token;
        address authorizedSigner;
        uint128 deposit;
        uint128 settled;
    }

    uint64 internal constant GRACE = 15 minutes;
    uint128 internal constant DEPOSIT = 1000;

    address internal payee;
    address internal signer;
    /// @dev Has money and a key, and no part in any channel.
    address internal stranger;

    function setUp() public virtual override {
        super.setUp();
        deployPermit2();
        escrow = deployEscrow(GRACE);
        (payee, signer, stranger) = (party(0xb0b), party(0x519), party(0x666));
        party(KEY);
        token.mint(stranger, FUNDS);
        approve(address(token), payer);
        approve(address(token), stranger);
    }

    function fixtureWay() public pure returns (Open[] memory ways) {
        ways = new Open[](5);
        for (uint256 i = 0; i < ways.length; i++) {
            ways[i] = Open(i);
        }
    }

    function fixtureAdding() public pure returns (Add[] memory ways) {
        ways = new Add[](3);
        for (uint256 i = 0; i < ways.length; i++) {
            ways[i] = Add(i);
        }
    }

    function fixtureAct() public pure returns (Act[] memory acts) {
        acts = new Act[](4);
        for (uint256 i = 0; i < acts.length; i++) {
            acts[i] = Act(i);
        }
    }

    function fixtureSettling() public pure returns (Act[] memory acts) {
        acts = new Act[](2);
        (acts[0], acts[1]) = (Act.Settle, Act.SettleRelayed);
    }

    function fixtureClosing() public pure returns (Act[] memory acts) {
        acts = new Act[](2);
        (acts[0], acts[1]) = (Act.Close, Act.CloseRelayed);
    }

    function opening() internal view returns (Opening memory) {
        return Opening(payer, payee, address(token), keccak256("salt"), address(0), DEPOSIT, new Split[](0));
    }

    function addition(bytes32 channelId) internal view returns (Addition memory) {
        return Addition(payer, channelId, address(token), 250, keccak256("top-up salt"));
    }

    function claim(Act act, bytes32 channelId, uint128 cumulativeAmount) internal returns (Claim memory) {
        return claim(act, payee, payer, channelId, cumulativeAmount);
    }

    function open() internal returns (bytes32) {
        return open(opening());
    }

    function open(Opening memory o) internal returns (bytes32) {
        accept(Open.OwnWithSplits, o);
        return channelIdOf(o);
    }

    function perform(Act act, bytes32 channelId, uint128 cumulativeAmount) internal {
        accept(act, claim(act, channelId, cumulativeAmount));
    }

    function requestClose(bytes32 channelId) internal {
        accept(payer, requestCloseInput(channelId));
    }

    function withdraw(bytes32 channelId) internal {
        accept(payer, withdrawInput(channelId));
    }

    function accept(Open way, Opening memory o) internal {
        accept(sender(way, o), openInput(way, o));
    }

    function accept(Add way, Addition memory t) internal {
        accept(sender(way, t), topUpInput(way, t));
    }

    function accept(Act act, Claim memory c) internal {
        accept(sender(act), claimInput(act, c));
    }

    function refuse(Open way, Opening memory o, string memory fault) internal {
        refuse(sender(way, o), openInput(way, o), fault);
    }

    function refuse(Add way, Addition memory t, string memory fault) internal {
        refuse(sender(way, t), topUpInput(way, t), fault);
    }

    function refuse(Act act, Claim memory c, string memory fault) internal {
        refuse(sender(act), claimInput(act, c), fault);
    }

    function sender(Open way, Opening memory o) internal pure returns (address) {
        return way == Open.Own || way == Open.OwnWithSplits ? o.payer : RELAYER;
    }

    function sender(Add way, Addition memory t) internal pure returns (address) {
        return way == Add.Own ? t.from : RELAYER;
    }

    function sender(Act act) internal view returns (address) {
        return isRelayed(act) ? RELAYER : payee;
    }

    function accept(address from, bytes memory input) internal returns (bytes memory) {
        (bool accepted, bytes memory result) = send(from, input);
        vm.assertTrue(accepted, string.concat("refused: ", string(result)));
        return result;
    }

    /// @param fault as it is declared, such as `NotPayee()`
    function refuse(address from, bytes memory input, string memory fault) internal {
        refuseWith(from, input, abi.encodeWithSignature(fault));
    }

    /// @dev As tokens refuse.
    function refuseInWords(address from, bytes memory input, string memory text) internal {
        refuseWith(from, input, abi.encodeWithSignature("Error(string)", text));
    }

    function refuseWith(address from, bytes memory input, bytes memory fault) internal {
        bytes32 before = balances();
        (bool accepted, bytes memory result) = send(from, input);
        vm.assertEq(accepted, false, "refused");
        vm.assertEq(result, fault, "reason");
        vm.assertEq(balances(), before, "nothing moved");
    }

    function send(address from, bytes memory input) internal returns (bool accepted, bytes memory result) {
        vm.prank(from);
        return escrow.call(input);
    }

    /// @param declared such as `CloseRequestCancelled(bytes32,address,address)`
    function emits(address from, bytes memory input, string memory declared) internal returns (bool found) {
        vm.recordLogs();
        accept(from, input);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            found = found || logs[i].topics[0] == keccak256(bytes(declared));
        }
    }

    function ask(bytes memory input) internal view returns (bytes memory) {
        (bool answered, bytes memory result) = escrow.staticcall(input);
        vm.assertTrue(answered, "answered");
        return result;
    }

    function channel(bytes32 channelId) internal view returns (Channel memory) {
        return abi.decode(ask(abi.encodeWithSignature("getChannel(bytes32)", channelId)), (Channel));
    }

    function balanceOf(address account) internal view returns (uint256) {
        return token.balanceOf(account);
    }

    function assertBalances(uint256 ofPayer, uint256 ofPayee, uint256 ofEscrow) internal view {
        vm.assertEq(token.balanceOf(payer), ofPayer, "payer");
        vm.assertEq(token.balanceOf(payee), ofPayee, "payee");
        vm.assertEq(token.balanceOf(escrow), ofEscrow, "escrow");
    }

    function balances() private view returns (bytes32) {
        address[5] memory accounts = [payer, payee, stranger, RELAYER, escrow];
        uint256[5] memory amounts;
        for (uint256 i = 0; i < accounts.length; i++) {
            amounts[i] = token.balanceOf(accounts[i]);
        }
        return keccak256(abi.encode(amounts));
    }

    function approve(address coin, address from) internal {
        vm.prank(from);
        Token(coin).approve(escrow, type(uint256).max);
        vm.prank(from);
        Token(coin).approve(PERMIT2, type(uint256).max);
    }

    function deployEscrow(uint64 gracePeriod) internal returns (address) {
        return vm.deployCode("Escrow.sol:Escrow", abi.encode(gracePeriod));
    }

    function deployPermit2() private {
        bytes32 salt = 0x0000000000000000000000000000000000000000d3af2663da51c10215000000;
        (bool deployed,) = 0x4e59b44847b379578588920cA78FbF26c0B4956C
        .call(abi.encodePacked(salt, vm.getCode("artifacts/Permit2.json")));
        vm.assertTrue(deployed, "Permit2");
    }
}
