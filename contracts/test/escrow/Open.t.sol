// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice A channel is opened once, with its payer's money, on terms that can be kept.
contract OpenTest is EscrowTest {
    function tableOpens(Open way) public {
        Opening memory o = opening();
        o.authorizedSigner = signer;
        bytes memory input = openInput(way, o);
        bytes32 channelId = channelIdOf(o);
        vm.expectEmit(escrow);
        emit ChannelOpened(channelId, payer, payee, address(token), signer, o.salt, DEPOSIT);
        vm.assertEq(accept(sender(way, o), input), abi.encode(channelId), "returned");
        Channel memory opened = Channel(false, 0, payer, payee, address(token), signer, DEPOSIT, 0);
        vm.assertEq(abi.encode(channel(channelId)), abi.encode(opened), "record");
        assertBalances(FUNDS - DEPOSIT, 0, DEPOSIT);
    }

    function tableTheSameTermsAreOpenedOnce(Open way) public {
        Opening memory o = opening();
        accept(way, o);
        Open[] memory ways = fixtureWay();
        for (uint256 i = 0; i < ways.length; i++) {
            refuse(ways[i], o, "ChannelAlreadyExists()");
        }
        o.salt = keccak256("another salt");
        accept(way, o);
    }

    /// @dev Splits are no part of a channel's id.
    function tableTheSameTermsAreOpenedOnceWhateverTheSplits(Open way) public {
        Opening memory o = opening();
        open(o);
        o.splits = new Split[](1);
        o.splits[0] = Split(stranger, 100);
        refuse(way, o, "ChannelAlreadyExists()");
    }

    function tableNeedsADeposit(Open way) public {
        Opening memory o = opening();
        o.deposit = 0;
        refuse(way, o, "ZeroDeposit()");
        o.deposit = 1;
        accept(way, o);
    }

    function tableTakesTheLargestDeposit(Open way) public {
        Opening memory o = opening();
        o.deposit = type(uint128).max;
        token.mint(payer, o.deposit);
        accept(way, o);
        vm.assertEq(channel(channelIdOf(o)).deposit, type(uint128).max, "deposit");
    }

    function testNoDepositIsCutToFit() public {
        bytes memory input = abi.encodeWithSignature(
            "open(address,address,uint128,bytes32,address)",
            payee,
            address(token),
            uint256(type(uint128).max) + 2,
            bytes32(0),
            address(0)
        );
        refuseWith(payer, input, "");
    }

    function tableNeedsAPayee(Open way) public {
        Opening memory o = opening();
        o.payee = address(0);
        refuse(way, o, "InvalidPayee()");
        o.payee = address(1);
        accept(way, o);
    }

    function tableTheEscrowIsNoPayee(Open way) public {
        Opening memory o = opening();
        o.payee = escrow;
        refuse(way, o, "InvalidPayee()");
    }

    function tableThePayerIsNotNamedAsSigner(Open way) public {
        Opening memory o = opening();
        o.authorizedSigner = payer;
        refuse(way, o, "InvalidAuthorizedSigner()");
        o.authorizedSigner = payee;
        accept(way, o);
    }

    function tableAPayerMayPayItself(Open way) public {
        Opening memory o = opening();
        o.payee = payer;
        accept(way, o);
        vm.assertEq(channel(channelIdOf(o)).payee, payer, "payee");
    }

    function tableATokenIsAContract(Open way) public {
        Opening memory o = opening();
        o.token = address(0);
        refuseWith(sender(way, o), openInput(way, o), "");
        o.token = stranger;
        refuseWith(sender(way, o), openInput(way, o), "");
    }

    function testNeedsTheMoney() public {
        Opening memory o = opening();
        o.deposit = uint128(FUNDS + 1);
        bytes memory input = openInput(Open.Own, o);
        refuseInWords(payer, input, "ERC20: transfer amount exceeds balance");
        token.mint(payer, 1);
        accept(payer, input);
    }

    function testNeedsTheAllowance() public {
        bytes memory input = openInput(Open.Own, opening());
        vm.prank(payer);
        token.approve(escrow, DEPOSIT - 1);
        refuseInWords(payer, input, "ERC20: transfer amount exceeds allowance");
        vm.prank(payer);
        token.approve(escrow, DEPOSIT);
        accept(payer, input);
    }

    /// @dev Who copies a pending call opens a channel of its own.
    function testAFrontRunnerOpensAnotherChannel() public {
        Opening memory o = opening();
        Opening memory copied = opening();
        copied.payer = stranger;
        accept(stranger, openInput(Open.Own, o));
        vm.assertEq(channel(channelIdOf(copied)).payer, stranger, "another");
        vm.assertEq(channel(channelIdOf(o)).payer, address(0), "not this");
        accept(Open.Own, o);
    }

    function testFuzzOpensAChannelOfItsOwn(uint256 seed, address to, bytes32 salt, address by, uint128 deposit) public {
        Open way = Open(seed % 5);
        vm.assume(to != address(0) && to != escrow && by != payer && deposit > 0);
        token.mint(payer, deposit);
        Opening memory o = Opening(payer, to, address(token), salt, by, deposit, new Split[](0));
        bytes32 other = open();
        vm.assume(channelIdOf(o) != other);
        accept(way, o);
        Channel memory opened = Channel(false, 0, payer, to, address(token), by, deposit, 0);
        vm.assertEq(abi.encode(channel(channelIdOf(o))), abi.encode(opened), "record");
        vm.assertEq(channel(other).deposit, DEPOSIT, "other");
        vm.assertEq(token.balanceOf(escrow), uint256(deposit) + DEPOSIT, "escrow");
    }
}
