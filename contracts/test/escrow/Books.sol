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
        Split[] splits;
        uint256 received;
        uint256 paid;
    }

    uint256 private constant WEALTH = 1e15;

    bytes32[] internal live;
    bytes32[] internal ended;
    mapping(bytes32 channelId => Book) internal books;
    /// @dev What payees and recipients should have had by now, of all channels.
    mapping(address coin => mapping(address account => int256)) internal due;

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
        recipients = [address(0xf1), address(0xf2), address(0xf3), address(0xf4)];
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
            require(book.paid == (c.finalized ? c.deposit : c.settled - kept(channelIds[i])), "paid once");
        }
        bytes memory recorded = ask(abi.encodeWithSignature("getChannelsBatch(bytes32[])", channelIds));
        vm.assertEq(keccak256(recorded), keccak256(abi.encode(channels)), "records");
    }

    function held(address coin) internal view returns (uint256) {
        return Token(coin).balanceOf(escrow);
    }

    /// @dev What rounding the shares has left in the escrow.
    function kept(bytes32 channelId) internal view returns (uint256) {
        Channel storage c = books[channelId].expected;
        if (c.finalized) return 0;
        (uint256[] memory shares, uint256 bps) = sharesOf(channelId);
        return uint256(c.settled) * bps / 10_000 - sum(shares);
    }

    /// @dev A recipient has its share of all that was settled, rounded down, at any time.
    function checkEarnings() internal view {
        for (uint256 k = 0; k < coins.length; k++) {
            checkEarnings(coins[k], recipients);
            checkEarnings(coins[k], payees);
        }
    }

    /// @dev All that anybody has, the escrow included.
    function wealth(address coin) internal view returns (uint256) {
        return held(coin) + Token(coin).balanceOf(payer) + Token(coin).balanceOf(stranger) + balances(coin, payers)
            + balances(coin, payees) + balances(coin, recipients);
    }

    function opens(Open way, Opening memory o) internal {
        bytes32 channelId = channelIdOf(o);
        uint256 before = held(o.token);
        accept(way, o);
        Book storage book = books[channelId];
        book.expected = Channel(false, 0, o.payer, o.payee, o.token, o.authorizedSigner, o.deposit, 0);
        book.salt = o.salt;
        for (uint256 i = 0; i < o.splits.length; i++) {
            book.splits.push(o.splits[i]);
        }
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
        (address from, bytes memory input) = claimOf(act, channelId, cumulativeAmount);
        reckon(channelId, -1);
        if (cumulativeAmount > c.settled) c.settled = cumulativeAmount;
        if (act == Act.Close || act == Act.CloseRelayed) ends(channelId, from, input);
        else pays(channelId, from, input);
        reckon(channelId, 1);
    }

    function requests(bytes32 channelId) internal {
        Channel storage c = books[channelId].expected;
        accept(c.payer, requestCloseInput(channelId));
        if (c.closeRequestedAt == 0) c.closeRequestedAt = uint64(block.timestamp);
    }

    function leaves(bytes32 channelId) internal {
        reckon(channelId, -1);
        ends(channelId, books[channelId].expected.payer, withdrawInput(channelId));
        reckon(channelId, 1);
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

    /// @param sign -1 before what is due changes, 1 after
    function reckon(bytes32 channelId, int256 sign) private {
        Book storage book = books[channelId];
        mapping(address account => int256) storage dues = due[book.expected.token];
        (uint256[] memory shares,) = sharesOf(channelId);
        for (uint256 i = 0; i < shares.length; i++) {
            dues[book.splits[i].recipient] += sign * int256(shares[i]);
        }
        dues[book.expected.payee] += sign * int256(book.expected.settled - sum(shares) - kept(channelId));
    }

    function sharesOf(bytes32 channelId) private view returns (uint256[] memory shares, uint256 bps) {
        Book storage book = books[channelId];
        shares = new uint256[](book.splits.length);
        for (uint256 i = 0; i < shares.length; i++) {
            bps += book.splits[i].bps;
            shares[i] = uint256(book.expected.settled) * book.splits[i].bps / 10_000;
        }
    }

    function checkEarnings(address coin, address[] storage accounts) private view {
        for (uint256 i = 0; i < accounts.length; i++) {
            vm.assertEq(Token(coin).balanceOf(accounts[i]), uint256(due[coin][accounts[i]]), "earned");
        }
    }

    function sum(uint256[] memory amounts) private pure returns (uint256 all) {
        for (uint256 i = 0; i < amounts.length; i++) {
            all += amounts[i];
        }
    }

    function balances(address coin, address[] storage accounts) private view returns (uint256 all) {
        for (uint256 i = 0; i < accounts.length; i++) {
            all += Token(coin).balanceOf(accounts[i]);
        }
    }

    function fund(address coin, address account) private {
        Token(coin).mint(account, WEALTH);
        approve(coin, account);
    }
}
