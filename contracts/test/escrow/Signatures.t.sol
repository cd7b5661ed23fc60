// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice A key's signature has one form, and serves one message of one escrow on one chain.
contract SignaturesTest is EscrowTest {
    /// Where a signature is asked for: the voucher's or the payee's, of each act.
    struct Place {
        Act act;
        bool payees;
    }

    function fixturePlace() public pure returns (Place[] memory places) {
        places = new Place[](6);
        for (uint256 i = 0; i < 4; i++) {
            places[i] = Place(Act(i), false);
        }
        (places[4], places[5]) = (Place(Act.SettleRelayed, true), Place(Act.CloseRelayed, true));
    }

    function tableHighSIsRefused(Place memory place) public {
        Claim memory c = claim(place.act, open(), 400);
        bytes memory signature = signatureOf(place, c);
        bytes memory high = malleated(signature);
        (uint8 v, bytes32 r, bytes32 s) = split(high);
        vm.assertEq(ecrecover(digestOf(place, c), v, r, s), signerOf(place), "right but for its form");
        refuse(place, c, high);
        accept(place, c, signature);
    }

    function tableOtherRecoveryIdsAreRefused(Place memory place) public {
        Claim memory c = claim(place.act, open(), 400);
        bytes memory signature = signatureOf(place, c);
        uint8 v = uint8(signature[64]);
        uint8[7] memory others = [v - 27, 0, 1, 26, 29, 255, v ^ 7];
        for (uint256 i = 0; i < others.length; i++) {
            signature[64] = bytes1(others[i]);
            refuse(place, c, signature);
        }
        signature[64] = bytes1(v);
        accept(place, c, signature);
    }

    /// @dev The shorter form of EIP-2098 among them.
    function tableOtherLengthsAreRefused(Place memory place) public {
        Claim memory c = claim(place.act, open(), 400);
        bytes memory signature = signatureOf(place, c);
        (uint8 v, bytes32 r, bytes32 s) = split(signature);
        refuse(place, c, "");
        refuse(place, c, abi.encodePacked(r, s));
        refuse(place, c, abi.encodePacked(r, uint256(s) | (uint256(v - 27) << 255)));
        refuse(place, c, abi.encodePacked(signature, v));
        refuse(place, c, abi.encodePacked(signature, bytes31(0)));
        accept(place, c, signature);
    }

    function tableOtherKeysAreRefused(Place memory place) public {
        Claim memory c = claim(place.act, open(), 400);
        address[3] memory others = [place.payees ? payer : payee, signer, stranger];
        for (uint256 i = 0; i < others.length; i++) {
            refuse(place, c, sign(others[i], digestOf(place, c)));
        }
        accept(place, c, sign(signerOf(place), digestOf(place, c)));
    }

    function tableTheNamedSignerSignsInThePayersPlace(Act act) public {
        Opening memory o = opening();
        o.authorizedSigner = signer;
        Claim memory c = claim(act, payee, payer, open(o), 400);
        refuse(act, c, "InvalidSignature()");
        c.voucher = voucher(payee, c.channelId, 400);
        refuse(act, c, "InvalidSignature()");
        c.voucher = voucher(signer, c.channelId, 400);
        accept(act, c);
    }

    function tableAVoucherIsForItsAmount(Act act) public {
        Claim memory c = claim(act, open(), 400);
        c.voucher = voucher(payer, c.channelId, 399);
        refuse(act, c, "InvalidSignature()");
        c.voucher = voucher(payer, c.channelId, 401);
        refuse(act, c, "InvalidSignature()");
        c.voucher = voucher(payer, c.channelId, 400);
        accept(act, c);
    }

    function tableAVoucherIsForItsChannel(Act act) public {
        Opening memory o = opening();
        o.salt = keccak256("another salt");
        bytes32 other = open(o);
        Claim memory c = claim(act, open(), 400);
        c.voucher = voucher(payer, other, 400);
        refuse(act, c, "InvalidSignature()");
    }

    function tableOtherDomainsDoNotServe(Place memory place) public {
        Claim memory c = claim(place.act, open(), 400);
        refuseDomain(place, c, domain("EVM payment channel", "1", block.chainid, escrow));
        refuseDomain(place, c, domain("EVM Payment Channel", "2", block.chainid, escrow));
        refuseDomain(place, c, domain("EVM Payment Channel", "1", block.chainid + 1, escrow));
        refuseDomain(place, c, domain("EVM Payment Channel", "1", block.chainid, address(this)));
        accept(place, c, signatureOf(place, c));
    }

    function tableOtherEscrowsDoNotServe(Place memory place) public {
        bytes32 here = open();
        address thisEscrow = escrow;
        escrow = deployEscrow(GRACE);
        approve(address(token), payer);
        bytes32 there = open();
        Claim memory c = claim(place.act, there, 400);
        bytes memory signature = signatureOf(place, c);
        c.channelId = here;
        bytes memory mixed = signatureOf(place, c);
        escrow = thisEscrow;
        c = claim(place.act, here, 400);
        refuse(place, c, signature);
        refuse(place, c, mixed);
        accept(place, c, signatureOf(place, c));
    }

    function tableSignaturesFollowTheChain(Place memory place) public {
        bytes32 channelId = open();
        Claim memory c = claim(place.act, channelId, 400);
        bytes memory signature = signatureOf(place, c);
        vm.chainId(196);
        c = claim(place.act, channelId, 400);
        refuse(place, c, signature);
        accept(place, c, signatureOf(place, c));
    }

    function testFuzzAnotherSignatureIsRefused(uint256 seed, bytes memory signature) public {
        Place memory place = fixturePlace()[seed % 6];
        refuse(place, claim(place.act, open(), 400), signature);
    }

    function testFuzzAnotherKeyIsRefused(uint256 seed, uint256 key) public {
        Place memory place = fixturePlace()[seed % 6];
        key = 1 + key % (ORDER - 1);
        vm.assume(key != keyOf[signerOf(place)]);
        Claim memory c = claim(place.act, open(), 400);
        refuse(place, c, sign(key, digestOf(place, c)));
    }

    function testFuzzAVoucherIsForItsAmount(uint256 seed, uint128 signed, uint128 claimed) public {
        (signed, claimed) = (signed % (DEPOSIT + 1), 1 + claimed % DEPOSIT);
        vm.assume(signed != claimed);
        Act act = Act(seed % 4);
        Claim memory c = claim(act, open(), claimed);
        c.voucher = voucher(payer, c.channelId, signed);
        refuse(act, c, "InvalidSignature()");
    }

    function accept(Place memory place, Claim memory c, bytes memory signature) private {
        put(place, c, signature);
        accept(place.act, c);
    }

    function refuse(Place memory place, Claim memory c, bytes memory signature) private {
        put(place, c, signature);
        refuse(place.act, c, "InvalidSignature()");
    }

    function refuseDomain(Place memory place, Claim memory c, bytes32 separator) private {
        refuse(place, c, sign(signerOf(place), digest(separator, hashOf(place, c))));
    }

    function put(Place memory place, Claim memory c, bytes memory signature) private pure {
        if (place.payees) c.payeeSignature = signature;
        else c.voucher = signature;
    }

    function signatureOf(Place memory place, Claim memory c) private view returns (bytes memory) {
        return sign(signerOf(place), digestOf(place, c));
    }

    function signerOf(Place memory place) private view returns (address) {
        return place.payees ? payee : payer;
    }

    function digestOf(Place memory place, Claim memory c) private view returns (bytes32) {
        return digest(escrowDomain(), hashOf(place, c));
    }

    function hashOf(Place memory place, Claim memory c) private pure returns (bytes32) {
        return place.payees ? authorizationHash(place.act, c) : voucherHash(c.channelId, c.cumulativeAmount);
    }
}
