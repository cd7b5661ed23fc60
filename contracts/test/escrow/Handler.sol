// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "../Vm.sol";
import {Books} from "./Books.sol";

/// @notice Everybody who has to do with an escrow, acting by chance.
/// @dev What makes no sense at the moment is assumed away: a call that counts has done its work.
contract Handler is Books {
    uint256 private constant MOST_LIVE = 8;
    uint128 private constant MOST = 1e9;

    mapping(bytes4 selector => uint256) public done;

    modifier counted() {
        _;
        done[msg.sig]++;
    }

    function open(uint256 seed) external counted {
        openAs(Open.Own, seed);
    }

    function openWithSplits(uint256 seed) external counted {
        openAs(Open.OwnWithSplits, seed);
    }

    function openWithAuthorization(uint256 seed) external counted {
        openAs(Open.Authorized, seed);
    }

    function openWithAuthorizationAndSplits(uint256 seed) external counted {
        openAs(Open.AuthorizedWithSplits, seed);
    }

    function openWithPermit2(uint256 seed) external counted {
        openAs(Open.Permitted, seed);
    }

    function topUp(uint256 seed, uint128 amount) external counted {
        bytes32 channelId = anyOf(live, seed);
        adds(Add.Own, channelId, books[channelId].expected.payer, 1 + amount % MOST);
    }

    function topUpWithAuthorization(uint256 seed, uint128 amount, bool byStranger) external counted {
        bytes32 channelId = anyOf(live, seed);
        adds(Add.Authorized, channelId, byStranger ? stranger : books[channelId].expected.payer, 1 + amount % MOST);
    }

    function topUpWithPermit2(uint256 seed, uint128 amount, bool byStranger) external counted {
        bytes32 channelId = anyOf(live, seed);
        adds(Add.Permitted, channelId, byStranger ? stranger : books[channelId].expected.payer, 1 + amount % MOST);
    }

    function settle(uint256 seed, uint128 amount) external counted {
        settleAs(Act.Settle, anyOf(live, seed), amount);
    }

    function settleWithAuthorization(uint256 seed, uint128 amount) external counted {
        settleAs(Act.SettleRelayed, anyOf(live, seed), amount);
    }

    function close(uint256 seed, uint128 amount) external counted {
        bytes32 channelId = anyOf(live, seed);
        claims(Act.Close, channelId, amount % (books[channelId].expected.deposit + 1));
    }

    function closeWithAuthorization(uint256 seed, uint128 amount) external counted {
        bytes32 channelId = anyOf(live, seed);
        claims(Act.CloseRelayed, channelId, amount % (books[channelId].expected.deposit + 1));
    }

    function requestClose(uint256 seed) external counted {
        requests(anyOf(live, seed));
    }

    function withdraw(uint256 seed) external counted {
        bytes32 channelId = anyPending(seed);
        Channel memory c = books[channelId].expected;
        uint256 end = c.closeRequestedAt + GRACE;
        if (block.timestamp < end) {
            refuse(c.payer, withdrawInput(channelId), "CloseNotReady()");
            vm.warp(end);
        }
        leaves(channelId);
    }

    function wait(uint256 time) external counted {
        vm.warp(block.timestamp + time % GRACE);
    }

    /// @notice A payer leaves, whatever the others do meanwhile.
    function forceClose(uint256 seed, uint128 amount) external counted {
        bytes32 channelId = anyOf(live, seed);
        requests(channelId);
        adds(Add.Authorized, channelId, stranger, 1);
        if (amount % 2 == 0) settleAs(Act.Settle, channelId, amount);
        vm.warp(block.timestamp + GRACE);
        adds(Add.Permitted, channelId, stranger, 1);
        leaves(channelId);
    }

    /// @notice Somebody tries a channel that has ended, as all the parties together could.
    function haunt(uint256 seed, uint128 amount) external counted {
        bytes32 channelId = anyOf(ended, seed);
        Channel memory c = books[channelId].expected;
        seed = (seed >> 128) % 14;
        if (seed < 4) {
            (address from, bytes memory input) = claimOf(Act(seed), channelId, amount % (c.deposit + 1));
            refuse(from, input, "ChannelFinalized()");
        } else if (seed < 7) {
            refuse(Add(seed - 4), Addition(c.payer, channelId, c.token, 1, bytes32(++salts)), "ChannelFinalized()");
        } else if (seed < 12) {
            Split[] memory none;
            bytes32 salt = books[channelId].salt;
            Opening memory o = Opening(c.payer, c.payee, c.token, salt, c.authorizedSigner, 1, none);
            refuse(Open(seed - 7), o, "ChannelAlreadyExists()");
        } else {
            refuse(c.payer, seed == 12 ? requestCloseInput(channelId) : withdrawInput(channelId), "ChannelFinalized()");
        }
    }

    /// @notice The escrow holds what it owes, to the unit, whatever was called.
    function checkLive() external view {
        Channel[] memory channels = check(live);
        for (uint256 k = 0; k < coins.length; k++) {
            uint256 owed = 0;
            for (uint256 i = 0; i < channels.length; i++) {
                require(!channels[i].finalized, "live");
                if (channels[i].token != coins[k]) continue;
                owed += channels[i].deposit - channels[i].settled + kept(live[i]);
            }
            vm.assertEq(held(coins[k]), owed, "held");
        }
        checkEarnings();
    }

    /// @notice From wherever chance has led, every payer leaves every channel, and nothing is left.
    function checkEnd() external {
        for (uint256 i = 0; i < live.length; i++) {
            requests(live[i]);
        }
        vm.warp(block.timestamp + GRACE);
        while (live.length > 0) {
            leaves(live[0]);
        }
        check(ended);
        checkEarnings();
        for (uint256 k = 0; k < coins.length; k++) {
            vm.assertEq(held(coins[k]), 0, "held");
            vm.assertEq(wealth(coins[k]), supplies[k], "wealth");
        }
    }

    function openAs(Open way, uint256 seed) private {
        vm.assume(live.length < MOST_LIVE);
        Opening memory o;
        o.payer = payers[seed % payers.length];
        o.payee = payees[(seed >> 8) % payees.length];
        o.token = coins[(seed >> 16) % coins.length];
        o.authorizedSigner = seed >> 24 & 1 == 0 ? address(0) : signer;
        o.deposit = 1 + uint128(seed >> 32) % MOST;
        o.salt = bytes32(++salts);
        if (way == Open.OwnWithSplits || way == Open.AuthorizedWithSplits) {
            o.splits = new Split[](1 + seed % recipients.length);
            for (uint256 i = 0; i < o.splits.length; i++) {
                o.splits[i] = Split(recipients[i], uint16(1 + (seed >> (160 + 16 * i)) % 2499));
            }
        }
        opens(way, o);
    }

    function settleAs(Act act, bytes32 channelId, uint128 amount) private {
        Channel memory c = books[channelId].expected;
        vm.assume(c.settled < c.deposit);
        uint128 most = c.deposit - c.settled;
        // Small steps are those that rounding spoils.
        if (amount % 2 == 0 && most > 16) most = 16;
        claims(act, channelId, c.settled + 1 + (amount >> 1) % most);
    }

    /// @dev The payer asks now, if none has asked before.
    function anyPending(uint256 seed) private returns (bytes32 channelId) {
        for (uint256 i = 0; i < live.length; i++) {
            channelId = live[(seed % live.length + i) % live.length];
            if (books[channelId].expected.closeRequestedAt != 0) return channelId;
        }
        channelId = anyOf(live, seed);
        requests(channelId);
    }

    function anyOf(bytes32[] storage ids, uint256 seed) private view returns (bytes32) {
        vm.assume(ids.length > 0);
        return ids[seed % ids.length];
    }
}
