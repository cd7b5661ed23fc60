// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SmartWallet} from "../../src/SmartWallet.sol";
import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";
import {Refuser} from "../hostile/Refuser.sol";

/// @notice What a key has signed stays signed, whatever code its account is given afterwards (EIP-7702).
contract DelegationTest is EscrowTest {
    address private refuser;

    function setUp() public override {
        super.setUp();
        refuser = address(new Refuser());
    }

    function tableAPayerCannotTakeItsVouchersBack(Act act) public {
        Claim memory c = claim(act, open(), DEPOSIT);
        delegate(payer, refuser);
        accept(act, c);
        assertBalances(FUNDS - DEPOSIT, DEPOSIT, 0);
    }

    function tableNorCanANamedSigner(Act act) public {
        Opening memory o = opening();
        o.authorizedSigner = signer;
        Claim memory c = claim(act, payee, signer, open(o), DEPOSIT);
        delegate(signer, refuser);
        accept(act, c);
        assertBalances(FUNDS - DEPOSIT, DEPOSIT, 0);
    }

    function testAPayerThatLeavesHasPaid() public {
        bytes32 channelId = open();
        Claim memory c = claim(Act.Settle, channelId, 400);
        requestClose(channelId);
        delegate(payer, refuser);
        accept(Act.Settle, c);
        vm.warp(NOW + GRACE);
        withdraw(channelId);
        assertBalances(FUNDS - 400, 400, 0);
    }

    function tableAPayeesAuthorizationsStay(Act act) public {
        Claim memory c = claim(act, open(), 400);
        delegate(payee, refuser);
        accept(act, c);
        vm.assertEq(token.balanceOf(payee), 400, "payee");
    }

    /// @dev The code may say yes where the key has not signed: the account's owner chose it.
    function tableTheCodeMaySignToo(Act act) public {
        Claim memory c = claim(act, payee, stranger, open(), 400);
        refuse(act, c, "InvalidSignature()");
        delegate(payer, address(new SmartWallet(stranger)));
        accept(act, c);
        vm.assertEq(token.balanceOf(payee), 400, "payee");
    }

    /// @dev As if there were no code: canonical, and nobody else's.
    function tableAKeysSignatureHasOneFormStill(Act act) public {
        Claim memory c = claim(act, open(), 400);
        bytes memory signature = c.voucher;
        (uint8 v, bytes32 r, bytes32 s) = split(signature);
        delegate(payer, refuser);
        refuseVoucher(act, c, malleated(signature));
        refuseVoucher(act, c, abi.encodePacked(r, uint256(s) | (uint256(v - 27) << 255)));
        refuseVoucher(act, c, abi.encodePacked(r, s, v - 27));
        refuseVoucher(act, c, voucher(stranger, c.channelId, 400));
        refuseVoucher(act, c, voucher(payer, c.channelId, 401));
        refuseVoucher(act, c, "");
        c.voucher = signature;
        accept(act, c);
    }

    function refuseVoucher(Act act, Claim memory c, bytes memory signature) private {
        c.voucher = signature;
        refuse(act, c, "InvalidSignature()");
    }

    /// @dev What the account has once a transaction of type 4 has set its code.
    function delegate(address account, address to) private {
        vm.etch(account, abi.encodePacked(hex"ef0100", to));
    }
}
