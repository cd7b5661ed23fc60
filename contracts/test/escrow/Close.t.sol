// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice The payee settles for the last time, and the payer has the rest back in the same transaction.
contract CloseTest is EscrowTest {
    function tablePaysBoth(Act closing) public {
        bytes32 channelId = open();
        perform(Act.Settle, channelId, 400);
        Claim memory c = claim(closing, channelId, 650);
        vm.expectEmit(escrow);
        emit Settled(channelId, payer, payee, 650, 250, 650);
        vm.expectEmit(escrow);
        emit ChannelClosed(channelId, payer, payee, 650, DEPOSIT - 650);
        vm.assertEq(accept(sender(closing), claimInput(closing, c)), "", "returned");
        Channel memory closed = Channel(true, 0, payer, payee, address(token), address(0), DEPOSIT, 650);
        vm.assertEq(abi.encode(channel(channelId)), abi.encode(closed), "record");
        assertBalances(FUNDS - 650, 650, 0);
    }

    function tableNothingIsLeftOfAnExhaustedChannel(Act closing) public {
        perform(closing, open(), DEPOSIT);
        assertBalances(FUNDS - DEPOSIT, DEPOSIT, 0);
    }

    function tableNotMoreThanWasDeposited(Act closing) public {
        bytes32 channelId = open();
        Opening memory o = opening();
        o.salt = keccak256("another salt");
        open(o);
        refuse(closing, claim(closing, channelId, DEPOSIT + 1), "AmountExceedsDeposit()");
        perform(closing, channelId, DEPOSIT);
        assertBalances(FUNDS - 2 * DEPOSIT, DEPOSIT, DEPOSIT);
    }

    function testOnlyThePayeeCloses() public {
        Opening memory o = opening();
        o.authorizedSigner = signer;
        bytes32 channelId = open(o);
        bytes memory input = claimInput(Act.Close, claim(Act.Close, payee, signer, channelId, 400));
        refuse(payer, input, "NotPayee()");
        refuse(signer, input, "NotPayee()");
        refuse(stranger, input, "NotPayee()");
        accept(payee, input);
    }

    function testNobodyElseForfeits() public {
        bytes32 channelId = open();
        Claim memory c = Claim(channelId, 0, 0, 0, "", "");
        refuse(payer, claimInput(Act.Close, c), "NotPayee()");
        refuse(stranger, claimInput(Act.Close, c), "NotPayee()");
        accept(payee, claimInput(Act.Close, c));
    }

    /// @dev The draft lets the escrow skip the signature where nothing is claimed, and so it does.
    function tableForfeitsWithoutAVoucher(Act closing) public {
        forfeit(closing, 0, 0, "");
        forfeit(closing, 400, 400, "");
        forfeit(closing, 400, 399, "");
        forfeit(closing, 400, 0, "");
        forfeit(closing, 400, 400, "no signature at all");
    }

    function tableOneMoreNeedsAVoucher(Act closing) public {
        bytes32 channelId = open();
        perform(Act.Settle, channelId, 400);
        Claim memory c = claim(closing, channelId, 401);
        bytes memory signature = c.voucher;
        c.voucher = "";
        refuse(closing, c, "InvalidSignature()");
        c.voucher = signature;
        accept(closing, c);
    }

    function tableForfeitingSettlesNothing(Act closing) public {
        bytes32 channelId = open();
        perform(Act.Settle, channelId, 400);
        bytes memory input = claimInput(closing, claim(closing, channelId, 400));
        bool settled = emits(sender(closing), input, "Settled(bytes32,address,address,uint256,uint256,uint256)");
        vm.assertEq(settled, false, "settled");
    }

    function tableAPendingCloseStopsNobody(Act closing) public {
        for (uint256 i = 0; i < 3; i++) {
            Opening memory o = opening();
            o.salt = bytes32(i);
            bytes32 channelId = open(o);
            uint256 start = NOW + i * 10 * GRACE;
            vm.warp(start);
            requestClose(channelId);
            vm.warp(start + i * GRACE);
            perform(closing, channelId, 400);
            vm.assertEq(channel(channelId).closeRequestedAt, start, "pending");
        }
        assertBalances(FUNDS - 3 * 400, 3 * 400, 0);
    }

    function testFuzzPaysBoth(uint256 seed, uint128 deposit, uint128 settled, uint128 claimed) public {
        Opening memory o = opening();
        deposit = uint128(1 + deposit % FUNDS);
        (o.deposit, settled, claimed) = (deposit, settled % (deposit + 1), claimed % (deposit + 1));
        bytes32 channelId = open(o);
        if (settled > 0) perform(Act.Settle, channelId, settled);
        perform(fixtureClosing()[seed % 2], channelId, claimed);
        uint256 paid = claimed > settled ? claimed : settled;
        assertBalances(FUNDS - paid, paid, 0);
    }

    function forfeit(Act closing, uint128 settled, uint128 claimed, bytes memory signature) private {
        Opening memory o = opening();
        o.salt = bytes32(++lastNonce);
        bytes32 channelId = open(o);
        if (settled > 0) perform(Act.Settle, channelId, settled);
        (uint256 ofPayer, uint256 ofPayee) = (token.balanceOf(payer), token.balanceOf(payee));
        Claim memory c = claim(closing, channelId, claimed);
        c.voucher = signature;
        vm.expectEmit(escrow);
        emit ChannelClosed(channelId, payer, payee, settled, DEPOSIT - settled);
        accept(closing, c);
        assertBalances(ofPayer + DEPOSIT - settled, ofPayee, 0);
        vm.assertEq(channel(channelId).settled, settled, "settled");
    }
}
