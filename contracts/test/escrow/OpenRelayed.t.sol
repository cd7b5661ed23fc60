// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Token} from "../../src/Token.sol";
import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice Anyone may open a channel with what its payer signed, and no other channel.
contract OpenRelayedTest is EscrowTest {
    string private constant INVALID = "FiatTokenV2: invalid signature";

    function fixtureRelayed() public pure returns (Open[] memory ways) {
        ways = new Open[](3);
        (ways[0], ways[1], ways[2]) = (Open.Authorized, Open.AuthorizedWithSplits, Open.Permitted);
    }

    /// @dev The two dialects of EIP-3009.
    function fixtureDialect() public pure returns (Open[] memory ways) {
        ways = new Open[](2);
        (ways[0], ways[1]) = (Open.Authorized, Open.AuthorizedWithSplits);
    }

    function testFuzzAnyoneSubmits(uint256 seed, address anyone) public {
        vm.assume(anyone != address(vm));
        Opening memory o = opening();
        accept(anyone, openInput(fixtureRelayed()[seed % 3], o));
        vm.assertEq(channel(channelIdOf(o)).payer, payer, "payer");
    }

    function tableTheNonceIsOfTheDialect(Open dialect) public {
        Opening memory o = opening();
        Open other = dialect == Open.Authorized ? Open.AuthorizedWithSplits : Open.Authorized;
        refuse(RELAYER, openInput(dialect, o, authorize(other, o)), "NonceMismatch()");
        accept(RELAYER, openInput(dialect, o, authorize(dialect, o)));
    }

    /// @dev Signed as it is called, but with the nonce of another agreement.
    function tableTheNonceIsOfTheTerms(Open dialect) public {
        for (uint256 i = 0; i < 5; i++) {
            Authorization memory a = authorize(dialect, changed(i));
            a.from = payer;
            refuse(RELAYER, openInput(dialect, opening(), a), "NonceMismatch()");
        }
        Authorization memory free = authorize(payer, DEPOSIT, keccak256("any"));
        refuse(RELAYER, openInput(dialect, opening(), free), "NonceMismatch()");
    }

    function tableAnAuthorizationOpensNoOtherChannel(Open dialect) public {
        Authorization memory a = authorize(dialect, opening());
        for (uint256 i = 0; i < 5; i++) {
            Opening memory other = changed(i);
            bytes memory signature = sign(address(token), a);
            Authorization memory called = authorize(dialect, opening());
            called.from = other.payer;
            refuse(RELAYER, inputOf(dialect, other, called, signature), "NonceMismatch()");
            // With the nonce that belongs to the other channel, it is no longer what was signed.
            called.nonce = authorize(dialect, other).nonce;
            refuseInWords(RELAYER, inputOf(dialect, other, called, signature), INVALID);
        }
        accept(RELAYER, openInput(dialect, opening(), a));
    }

    function testTheNonceBindsTheSplits() public {
        Authorization memory a = authorize(Open.AuthorizedWithSplits, withSplits(stranger, 100, signer, 200));
        refuseSplits(withSplits(payer, 100, signer, 200), a);
        refuseSplits(withSplits(stranger, 101, signer, 200), a);
        refuseSplits(withSplits(signer, 200, stranger, 100), a);
        refuseSplits(opening(), a);
        Opening memory o = withSplits(stranger, 100, signer, 200);
        accept(RELAYER, openInput(Open.AuthorizedWithSplits, o, a));
        vm.assertEq(ask(abi.encodeWithSignature("getSplits(bytes32)", channelIdOf(o))), abi.encode(o.splits), "splits");
    }

    function tableTheAmountIsSigned(Open relayed) public {
        Opening memory o = opening();
        o.deposit = DEPOSIT + 1;
        if (relayed == Open.Permitted) {
            refuse(RELAYER, openInput(o, permit(opening())), "InvalidSigner()");
        } else {
            Authorization memory a = authorize(relayed, opening());
            refuseInWords(RELAYER, inputOf(relayed, o, a, sign(address(token), a)), INVALID);
        }
    }

    function tableTheAuthorizationIsToTheEscrow(Open dialect) public {
        Opening memory o = opening();
        Authorization memory a = authorize(dialect, o);
        a.to = stranger;
        refuseInWords(RELAYER, openInput(dialect, o, a), INVALID);
    }

    /// @dev Else anybody could hand it to the token, and the money would be in escrow without a channel.
    function tableOnlyTheEscrowCanUseTheAuthorization(Open dialect) public {
        Opening memory o = opening();
        Authorization memory a = authorize(dialect, o);
        (bool accepted, bytes memory result) = submitAs(RELAYER, Form(Kind.Receive, true), a, sign(address(token), a));
        assertRefused(accepted, result, "FiatTokenV2: caller must be the payee");
        bytes memory transfer = sign(payer, digest(Kind.Transfer, a));
        refuseInWords(RELAYER, inputOf(dialect, o, a, transfer), INVALID);
    }

    function tableTheAuthorizationHasAWindow(Open dialect) public {
        Authorization memory a = authorize(dialect, opening());
        (a.validAfter, a.validBefore) = (NOW, NOW + 2);
        bytes memory input = openInput(dialect, opening(), a);
        refuseInWords(RELAYER, input, "FiatTokenV2: authorization is not yet valid");
        vm.warp(NOW + 2);
        refuseInWords(RELAYER, input, "FiatTokenV2: authorization is expired");
        vm.warp(NOW + 1);
        accept(RELAYER, input);
    }

    function testThePermitBindsTheTerms() public {
        Permit memory p = permit(opening());
        for (uint256 i = 0; i < 5; i++) {
            refuse(RELAYER, openInput(changed(i), p), "InvalidSigner()");
        }
        accept(RELAYER, openInput(opening(), p));
    }

    function testThePermitBindsItsNonceAndDeadline() public {
        Permit memory p = permit(opening());
        p.nonce++;
        refuse(RELAYER, openInput(opening(), p), "InvalidSigner()");
        p.nonce--;
        p.deadline++;
        refuse(RELAYER, openInput(opening(), p), "InvalidSigner()");
        p.deadline--;
        vm.warp(p.deadline + 1);
        refuseWith(RELAYER, openInput(opening(), p), abi.encodeWithSignature("SignatureExpired(uint256)", p.deadline));
        vm.warp(p.deadline);
        accept(RELAYER, openInput(opening(), p));
    }

    function testAPermitServesOnce() public {
        lastNonce = 7;
        accept(RELAYER, openInput(opening(), permit(opening())));
        lastNonce = 7;
        bytes memory input = openInput(changed(2), permit(changed(2)));
        refuse(RELAYER, input, "InvalidNonce()");
    }

    /// @dev The escrow is the spender; and a permit without a witness, or with the other one, is none.
    function testAPermitIsForThis() public {
        Opening memory o = opening();
        address here = escrow;
        escrow = stranger;
        Permit memory p = permit(o);
        escrow = here;
        refuse(RELAYER, openInput(o, p), "InvalidSigner()");
        p = permit(Addition(payer, channelIdOf(o), address(token), DEPOSIT, 0));
        refuse(RELAYER, openInput(o, p), "InvalidSigner()");
    }

    function refuseSplits(Opening memory o, Authorization memory a) private {
        refuse(RELAYER, openInput(Open.AuthorizedWithSplits, o, a), "NonceMismatch()");
    }

    function inputOf(Open dialect, Opening memory o, Authorization memory a, bytes memory signature)
        private
        pure
        returns (bytes memory)
    {
        return dialect == Open.Authorized ? openInput(o, a, signature) : openWithSplitsInput(o, a, signature);
    }

    function withSplits(address first, uint16 firstBps, address second, uint16 secondBps)
        private
        view
        returns (Opening memory o)
    {
        o = opening();
        o.splits = new Split[](2);
        (o.splits[0], o.splits[1]) = (Split(first, firstBps), Split(second, secondBps));
    }

    /// @dev Other terms in one member, each welcome had it been signed.
    function changed(uint256 member) private returns (Opening memory o) {
        o = opening();
        if (member == 0) o.payer = stranger;
        if (member == 1) o.payee = stranger;
        if (member == 2) o.salt = keccak256("another salt");
        if (member == 3) o.authorizedSigner = signer;
        if (member == 4) {
            Token other = new Token(NAME, VERSION, "USDC", 6);
            other.mint(payer, FUNDS);
            o.token = address(other);
            approve(o.token, payer);
        }
    }
}
