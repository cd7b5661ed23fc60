// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Token} from "../../src/Token.sol";
import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice Does things to an escrow, and keeps books of what each channel should be and of the money that really moved.
abstract contract Books is EscrowTest {
    struct Book {
        Channel expected;
        bytes32 salt;
        uint256 received;
        uint256 paid;
    }

    uint256 private constant WEALTH = 1e15;

    bytes32[] internal live;
    bytes32[] internal ended;
    mapping(bytes32 channelId => Book) internal books;

    address[] internal coins;
    uint256[] internal supplies;
    address[] internal payers;
    address[] internal payees;
    address[] internal recipients;
    uint256 internal salts;

    constructor() {
        setUp();
        coins = [address(token), address(new Token(NAME, VERSION, "USDT", 6))];
        payers = [party(11), party(12), party(13)];
        payees = [party(21), party(22)];
        recipients = [address(0xf1), address(0xf2)];
        for (uint256 i = 0; i < coins.length; i++) {
            fund(coins[i], stranger);
            for (uint256 k = 0; k < payers.length; k++) {
                fund(coins[i], payers[k]);
            }
            supplies.push(Token(coins[i]).totalSupply());
        }
    }

    /// @dev The books know that settled only grows and that finalized stays: so does the escrow, if it agrees with them.
    function check(bytes32[] memory channelIds) internal view returns (Channel[] memory channels) {
        channels = new Channel[](channelIds.length);
        for (uint256 i = 0; i < channelIds.length; i++) {
            Book storage book = books[channelIds[i]];
            Channel memory c = book.expected;
            channels[i] = c;
            require(c.settled <= c.deposit, "settled within the deposit");
            require(book.received == c.deposit, "received");
            require(book.paid == (c.finalized ? c.deposit : c.settled), "paid once");
        }
        bytes memory recorded = ask(abi.encodeWithSignature("getChannelsBatch(bytes32[])", channelIds));
        vm.assertEq(keccak256(recorded), keccak256(abi.encode(channels)), "records");
    }

    function held(address coin) internal view returns (uint256) {
        return Token(coin).balanceOf(escrow);
    }

    /// @dev All that anybody has, the escrow included.
    function wealth(address coin) internal view returns (uint256 sum) {
        sum = held(coin) + Token(coin).balanceOf(payer) + Token(coin).balanceOf(stranger);
        for (uint256 i = 0; i < payers.length; i++) {
            sum += Token(coin).balanceOf(payers[i]);
        }
        sum += earned(coin, payees[0]) + Token(coin).balanceOf(payees[1]);
    }

    function opens(Open way, Opening memory o) internal {
        bytes32 channelId = channelIdOf(o);
        uint256 before = held(o.token);
        accept(way, o);
        Book storage book = books[channelId];
        book.expected = Channel(false, 0, o.payer, o.payee, o.token, o.authorizedSigner, o.deposit, 0);
        book.salt = o.salt;
        book.received = held(o.token) - before;
        live.push(channelId);
    }

    function adds(Add way, bytes32 channelId, address from, uint128 amount) internal {
        Channel storage c = books[channelId].expected;
        uint256 before = held(c.token);
        accept(way, Addition(from, channelId, c.token, amount, bytes32(++salts)));
        books[channelId].received += held(c.token) - before;
        c.deposit += amount;
        if (from == c.payer) c.closeRequestedAt = 0;
    }

    function claims(Act act, bytes32 channelId, uint128 cumulativeAmount) internal {
        Channel storage c = books[channelId].expected;
        uint256 earnedBefore = earned(c.token, c.payee);
        (address from, bytes memory input) = claimOf(act, channelId, cumulativeAmount);
        uint128 claimed = cumulativeAmount > c.settled ? cumulativeAmount - c.settled : 0;
        c.settled += claimed;
        if (act == Act.Close || act == Act.CloseRelayed) ends(channelId, from, input);
        else pays(channelId, from, input);
        vm.assertEq(earned(c.token, c.payee) - earnedBefore, claimed, "what the voucher allows");
    }

    function requests(bytes32 channelId) internal {
        Channel storage c = books[channelId].expected;
        accept(c.payer, requestCloseInput(channelId));
        if (c.closeRequestedAt == 0) c.closeRequestedAt = uint64(block.timestamp);
    }

    function leaves(bytes32 channelId) internal {
        ends(channelId, books[channelId].expected.payer, withdrawInput(channelId));
    }

    function claimOf(Act act, bytes32 channelId, uint128 cumulativeAmount)
        internal
        returns (address from, bytes memory input)
    {
        Channel storage c = books[channelId].expected;
        address signs = c.authorizedSigner == address(0) ? c.payer : c.authorizedSigner;
        Claim memory claimed = claim(act, c.payee, signs, channelId, cumulativeAmount);
        return (isRelayed(act) ? RELAYER : c.payee, claimInput(act, claimed));
    }

    function ends(bytes32 channelId, address from, bytes memory input) private {
        Channel storage c = books[channelId].expected;
        uint256 before = Token(c.token).balanceOf(c.payer);
        pays(channelId, from, input);
        vm.assertEq(Token(c.token).balanceOf(c.payer) - before, c.deposit - c.settled, "what was not settled");
        c.finalized = true;
        ended.push(channelId);
        for (uint256 i = 0; i < live.length; i++) {
            if (live[i] == channelId) live[i] = live[live.length - 1];
        }
        live.pop();
    }

    function pays(bytes32 channelId, address from, bytes memory input) private {
        address coin = books[channelId].expected.token;
        uint256 before = held(coin);
        accept(from, input);
        books[channelId].paid += before - held(coin);
    }

    function earned(address coin, address by) private view returns (uint256 sum) {
        sum = Token(coin).balanceOf(by);
        for (uint256 i = 0; i < recipients.length; i++) {
            sum += Token(coin).balanceOf(recipients[i]);
        }
    }

    function fund(address coin, address account) private {
        Token(coin).mint(account, WEALTH);
        approve(coin, account);
    }
}
