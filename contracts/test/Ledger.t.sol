// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Lens} from "../src/Lens.sol";
import {TokenTest} from "./TokenTest.sol";
import {vm} from "./Vm.sol";

/// @notice ERC-20, minting, and the lens that reads them.
contract LedgerTest is TokenTest {
    function testTransfers() public {
        vm.expectEmit(address(token));
        emit IERC20.Transfer(payer, PAYEE, 250);
        vm.prank(payer);
        vm.assertTrue(token.transfer(PAYEE, 250), "returned");
        vm.assertEq(token.balanceOf(payer), FUNDS - 250, "payer");
        vm.assertEq(token.balanceOf(PAYEE), 250, "payee");
    }

    function testTransfersWithinTheBalance() public {
        refuseAs(payer, abi.encodeCall(token.transfer, (PAYEE, FUNDS + 1)), "ERC20: transfer amount exceeds balance");
        vm.prank(payer);
        token.transfer(PAYEE, FUNDS);
    }

    function testTransfersToSomebody() public {
        refuseAs(payer, abi.encodeCall(token.transfer, (address(0), 1)), "ERC20: transfer to the zero address");
    }

    function testSpendsTheAllowance() public {
        vm.expectEmit(address(token));
        emit IERC20.Approval(payer, RELAYER, 250);
        vm.prank(payer);
        vm.assertTrue(token.approve(RELAYER, 250), "returned");
        vm.prank(RELAYER);
        vm.assertTrue(token.transferFrom(payer, PAYEE, 100), "returned");
        vm.assertEq(token.allowance(payer, RELAYER), 150, "allowance");
        vm.assertEq(token.balanceOf(PAYEE), 100, "payee");
        refuseAs(
            RELAYER, abi.encodeCall(token.transferFrom, (payer, PAYEE, 151)), "ERC20: transfer amount exceeds allowance"
        );
    }

    function testTheLargestAllowanceShrinksToo() public {
        vm.prank(payer);
        token.approve(RELAYER, type(uint256).max);
        refuseAs(
            RELAYER,
            abi.encodeCall(token.transferFrom, (payer, PAYEE, FUNDS + 1)),
            "ERC20: transfer amount exceeds balance"
        );
        vm.prank(RELAYER);
        token.transferFrom(payer, PAYEE, 1);
        vm.assertEq(token.allowance(payer, RELAYER), type(uint256).max - 1, "allowance");
    }

    function testOnlyTheDeployerMints() public {
        string memory text = "FiatToken: caller is not a minter";
        vm.assertEq(token.minter(), address(this), "minter");
        refuseAs(payer, abi.encodeCall(token.mint, (payer, 1)), text);
        refuseAs(payer, abi.encodeCall(token.mintMany, (three(), 1)), text);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(0), PAYEE, 7);
        token.mint(PAYEE, 7);
        token.mintMany(three(), 5);
        vm.assertEq(token.balanceOf(payer), FUNDS + 5, "payer");
        vm.assertEq(token.balanceOf(PAYEE), 7 + 5, "payee");
        vm.assertEq(token.balanceOf(RELAYER), 5, "relayer");
        vm.assertEq(token.totalSupply(), FUNDS + 7 + 15, "supply");
    }

    function testTheLensSeesTheLedger() public {
        Authorization memory a = authorization();
        accept(Form(Kind.Transfer, true), a, sign(Kind.Transfer, a));
        vm.roll(402);
        Lens.Authorization[] memory asked = new Lens.Authorization[](3);
        asked[0] = Lens.Authorization(payer, keccak256("another"));
        asked[1] = Lens.Authorization(payer, a.nonce);
        asked[2] = Lens.Authorization(PAYEE, a.nonce);
        (uint256[] memory balances, bool[] memory used, uint256 totalSupply, uint256 blockNumber) =
            new Lens().look(token, three(), asked);
        vm.assertEq(
            abi.encodePacked(balances), abi.encodePacked(FUNDS - a.value, a.value, uint256(0)), "balances, in order"
        );
        vm.assertEq(abi.encodePacked(used), abi.encodePacked(uint256(0), uint256(1), uint256(0)), "used, in order");
        vm.assertEq(totalSupply, FUNDS, "supply");
        vm.assertEq(blockNumber, 402, "block");
    }

    function testFuzzATransferConservesTheSupply(address to, uint256 value) public {
        vm.assume(to != address(0));
        value %= FUNDS + 1;
        uint256 before = token.balanceOf(to);
        vm.prank(payer);
        token.transfer(to, value);
        vm.assertEq(token.totalSupply(), FUNDS, "supply");
        vm.assertEq(token.balanceOf(to), to == payer ? before : before + value, "payee");
        vm.assertEq(token.balanceOf(payer), to == payer ? FUNDS : FUNDS - value, "payer");
    }

    function three() private view returns (address[] memory accounts) {
        accounts = new address[](3);
        (accounts[0], accounts[1], accounts[2]) = (payer, PAYEE, RELAYER);
    }

    function refuseAs(address sender, bytes memory input, string memory text) private {
        vm.prank(sender);
        (bool accepted, bytes memory result) = address(token).call(input);
        assertRefused(accepted, result, text);
    }
}
