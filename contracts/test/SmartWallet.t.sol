// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {SmartWallet} from "../src/SmartWallet.sol";
import {TokenTest} from "./TokenTest.sol";
import {vm} from "./Vm.sol";

/// @notice Signers with code are asked through ERC-1271, and nothing else.
contract SmartWalletTest is TokenTest {
    /// @dev The selector of isValidSignature, and also its yes.
    bytes4 private constant MAGIC = 0x1626ba7e;

    SmartWallet private wallet;

    function setUp() public override {
        super.setUp();
        wallet = new SmartWallet(payer);
        token.mint(address(wallet), FUNDS);
    }

    function tableItsOwnerSigns(Form memory form) public {
        Authorization memory a = walletAuthorization();
        accept(form, a, sign(form.kind, a));
    }

    function tableNobodyElseSigns(Form memory form) public {
        Authorization memory a = walletAuthorization();
        refuse(form, a, sign(7, digest(form.kind, a)), INVALID_SIGNATURE);
        refuse(form, a, malleated(sign(form.kind, a)), INVALID_SIGNATURE);
        refuse(form, a, sign(form.kind, authorization()), INVALID_SIGNATURE);
    }

    function testAWalletWithoutAnOwnerSignsNothing() public {
        wallet = new SmartWallet(address(0));
        vm.assertEq(bytes32(wallet.isValidSignature(0, new bytes(65))), bytes32(bytes4(0xffffffff)), "refused");
    }

    function testAWalletChoosesTheShapeOfItsSignatures() public {
        for (uint256 k = 0; k < 3; k++) {
            Form memory f = Form(Kind(k), true);
            Authorization memory a = walletAuthorization();
            a.nonce = bytes32(k);
            bytes memory question = abi.encodeWithSelector(MAGIC, digest(f.kind, a), bytes("yes"));
            vm.mockCall(address(wallet), question, abi.encode(MAGIC));
            refuse(f, a, "no", INVALID_SIGNATURE);
            accept(f, a, "yes");
        }
    }

    function tableAnotherAnswerIsARefusal(Form memory form) public {
        Authorization memory a = walletAuthorization();
        bytes memory signature = sign(form.kind, a);
        bytes memory question = abi.encodeWithSelector(MAGIC);
        vm.mockCall(address(wallet), question, abi.encode(true));
        refuse(form, a, signature, INVALID_SIGNATURE);
        vm.mockCall(address(wallet), question, abi.encodePacked(MAGIC));
        refuse(form, a, signature, INVALID_SIGNATURE);
        vm.mockCall(address(wallet), question, "");
        refuse(form, a, signature, INVALID_SIGNATURE);
    }

    /// @dev As with an EOA delegated by EIP-7702 to code that knows nothing of ERC-1271.
    function tableAKeyDoesNotSignForAnAccountWithCode(Form memory form) public {
        Authorization memory a = authorization();
        vm.etch(payer, hex"00");
        refuse(form, a, sign(form.kind, a), INVALID_SIGNATURE);
    }

    function testItsOwnerCalls() public {
        vm.prank(payer);
        bytes memory result = wallet.call(address(token), abi.encodeCall(token.transfer, (PAYEE, 250)));
        vm.assertTrue(abi.decode(result, (bool)), "returned");
        vm.assertEq(token.balanceOf(PAYEE), 250, "payee");
    }

    function testARefusalPassesThrough() public {
        vm.prank(payer);
        (bool accepted, bytes memory result) = address(wallet)
            .call(abi.encodeCall(wallet.call, (address(token), abi.encodeCall(token.transfer, (PAYEE, FUNDS + 1)))));
        assertRefused(accepted, result, "ERC20: transfer amount exceeds balance");
    }

    function testNobodyElseCalls() public {
        vm.prank(RELAYER);
        (bool accepted, bytes memory result) =
            address(wallet).call(abi.encodeCall(wallet.call, (address(token), bytes(""))));
        assertRefused(accepted, result, "SmartWallet: caller is not the owner");
    }

    function walletAuthorization() private view returns (Authorization memory a) {
        a = authorization();
        a.from = address(wallet);
    }
}
