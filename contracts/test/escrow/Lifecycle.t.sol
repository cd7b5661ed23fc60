// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice Nothing is done to a channel before it is opened and after it is closed, and a closed one stays closed.
contract LifecycleTest is EscrowTest {
    function testNoChannelIsUsedBeforeItIsOpened() public {
        refuseAll(channelIdOf(opening()), "ChannelNotFound()");
        open();
    }

    function testNoChannelIsUsedAfterItWasClosed() public {
        bytes32 channelId = open();
        perform(Act.Close, channelId, 400);
        refuseAll(channelId, "ChannelFinalized()");
    }

    function testNoChannelIsUsedAfterItsPayerLeft() public {
        refuseAll(left(), "ChannelFinalized()");
    }

    /// @dev With the grace period over: had the payee's close not cleared the way, the payer could leave once more.
    function tableNobodyLeavesAClosedChannel(Act closing) public {
        bytes32 channelId = open();
        Opening memory o = opening();
        o.salt = keccak256("another salt");
        open(o);
        requestClose(channelId);
        perform(closing, channelId, 400);
        vm.warp(NOW + GRACE);
        refuse(payer, withdrawInput(channelId), "ChannelFinalized()");
        assertBalances(FUNDS - DEPOSIT - 400, 400, DEPOSIT);
    }

    function tableAClosedChannelIsNotOpenedAgain(Open way) public {
        perform(Act.Close, open(), 400);
        refuse(way, opening(), "ChannelAlreadyExists()");
    }

    function tableALeftChannelIsNotOpenedAgain(Open way) public {
        left();
        refuse(way, opening(), "ChannelAlreadyExists()");
    }

    /// @dev A new channel of the same two, and the voucher of the old one.
    function tableAnOldVoucherMeetsNoNewDeposit(Act act) public {
        bytes32 old = open();
        Claim memory c = claim(act, old, 400);
        perform(Act.Close, old, 100);
        Opening memory o = opening();
        o.salt = keccak256("another salt");
        bytes32 channelId = open(o);
        refuse(act, c, "ChannelFinalized()");
        bytes memory voucher = c.voucher;
        c = claim(act, channelId, 400);
        c.voucher = voucher;
        refuse(act, c, "InvalidSignature()");
    }

    function left() private returns (bytes32 channelId) {
        channelId = open();
        perform(Act.Settle, channelId, 400);
        requestClose(channelId);
        vm.warp(NOW + GRACE);
        withdraw(channelId);
    }

    /// @dev Each call would be welcome in an open channel.
    function refuseAll(bytes32 channelId, string memory fault) private {
        for (uint256 i = 0; i < 4; i++) {
            refuse(Act(i), claim(Act(i), channelId, 450), fault);
        }
        Claim memory forfeiting = claim(Act.CloseRelayed, channelId, 0);
        refuse(Act.Close, forfeiting, fault);
        refuse(Act.CloseRelayed, forfeiting, fault);
        for (uint256 i = 0; i < 3; i++) {
            refuse(Add(i), addition(channelId), fault);
        }
        refuse(payer, requestCloseInput(channelId), fault);
        refuse(payer, withdrawInput(channelId), fault);
    }
}
