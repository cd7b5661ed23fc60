// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SmartWallet} from "../../src/SmartWallet.sol";
import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice Payer, signer and payee may be contracts, which sign through ERC-1271.
contract ContractSignersTest is EscrowTest {
    bytes4 private constant MAGIC = 0x1626ba7e;

    SmartWallet private wallet;

    function setUp() public override {
        super.setUp();
        wallet = new SmartWallet(signer);
        keyOf[address(wallet)] = keyOf[signer];
        token.mint(address(wallet), FUNDS);
        approve(address(token), address(wallet));
    }

    function tableAWalletSignsVouchers(Act act) public {
        Opening memory o = opening();
        o.authorizedSigner = address(wallet);
        Claim memory c = claim(act, payee, stranger, open(o), 400);
        refuse(act, c, "InvalidSignature()");
        c.voucher = voucher(payer, c.channelId, 400);
        refuse(act, c, "InvalidSignature()");
        c.voucher = voucher(address(wallet), c.channelId, 401);
        refuse(act, c, "InvalidSignature()");
        c.voucher = voucher(address(wallet), c.channelId, 400);
        accept(act, c);
        vm.assertEq(token.balanceOf(payee), 400, "payee");
    }

    function tableAWalletIsPaid(Act act) public {
        Opening memory o = opening();
        o.payee = address(wallet);
        Claim memory c = claim(act, stranger, payer, open(o), 400);
        if (isRelayed(act)) {
            refuse(act, c, "InvalidSignature()");
            authorize(act, address(wallet), c);
            accept(act, c);
        } else {
            refuse(signer, claimInput(act, c), "NotPayee()");
            walletSends(claimInput(act, c));
        }
        vm.assertEq(token.balanceOf(address(wallet)), FUNDS + 400, "wallet");
    }

    function tableAWalletOpens(Open way) public {
        Opening memory o = walletOpening();
        bytes memory input = openInput(way, o);
        if (sender(way, o) == RELAYER) accept(RELAYER, input);
        else walletSends(input);
        vm.assertEq(channel(channelIdOf(o)).payer, address(wallet), "payer");
        vm.assertEq(token.balanceOf(address(wallet)), FUNDS - DEPOSIT, "wallet");
    }

    function tableAWalletAdds(Add adding) public {
        Addition memory t = addition(openWallet());
        t.from = address(wallet);
        walletSends(requestCloseInput(t.channelId));
        bytes memory input = topUpInput(adding, t);
        if (adding == Add.Own) walletSends(input);
        else accept(RELAYER, input);
        vm.assertEq(channel(t.channelId).deposit, DEPOSIT + 250, "deposit");
        vm.assertEq(channel(t.channelId).closeRequestedAt, 0, "cancelled");
    }

    function tableAWalletPays(Act act) public {
        Claim memory c = claim(act, payee, payer, openWallet(), 400);
        refuse(act, c, "InvalidSignature()");
        c.voucher = voucher(address(wallet), c.channelId, 400);
        accept(act, c);
        vm.assertEq(token.balanceOf(payee), 400, "payee");
    }

    function testAWalletLeaves() public {
        bytes32 channelId = openWallet();
        walletSends(requestCloseInput(channelId));
        vm.warp(NOW + GRACE);
        walletSends(withdrawInput(channelId));
        vm.assertEq(token.balanceOf(address(wallet)), FUNDS, "wallet");
    }

    function tableAWalletChoosesTheShapeOfItsSignatures(Act act) public {
        Claim memory c = claim(act, payee, payer, openWallet(), 400);
        bytes32 asked = digest(escrowDomain(), voucherHash(c.channelId, 400));
        mock(abi.encodeWithSelector(MAGIC, asked, bytes("yes")), abi.encode(MAGIC));
        c.voucher = "no";
        refuse(act, c, "InvalidSignature()");
        c.voucher = "yes";
        accept(act, c);
    }

    /// @dev Also from a wallet that said yes when the voucher was signed.
    function tableAnotherAnswerIsARefusal(Act act) public {
        Claim memory c = claim(act, payee, address(wallet), openWallet(), 400);
        bytes memory asked = abi.encodeWithSelector(MAGIC);
        mock(asked, abi.encode(bytes4(0xffffffff)));
        refuse(act, c, "InvalidSignature()");
        mock(asked, abi.encode(true));
        refuse(act, c, "InvalidSignature()");
        mock(asked, abi.encodePacked(MAGIC));
        refuse(act, c, "InvalidSignature()");
        mock(asked, "");
        refuse(act, c, "InvalidSignature()");
        mock(asked, abi.encode(MAGIC));
        accept(act, c);
    }

    function walletOpening() private view returns (Opening memory o) {
        o = opening();
        o.payer = address(wallet);
    }

    function openWallet() private returns (bytes32) {
        walletSends(openInput(Open.Own, walletOpening()));
        return channelIdOf(walletOpening());
    }

    function walletSends(bytes memory input) private {
        vm.prank(signer);
        wallet.call(escrow, input);
    }

    function mock(bytes memory asked, bytes memory answer) private {
        vm.mockCall(address(wallet), asked, answer);
    }
}
