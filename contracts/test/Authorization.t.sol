// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Token} from "../src/Token.sol";
import {TokenTest} from "./TokenTest.sol";
import {vm} from "./Vm.sol";

/// @notice EIP-3009. A test named `table` runs once for each form.
contract AuthorizationTest is TokenTest {
    string private constant USED = "FiatTokenV2: authorization is used or canceled";
    string private constant POOR = "ERC20: transfer amount exceeds balance";

    function tablePaysExactlyTheValue(Form memory paying) public {
        Authorization memory a = authorization();
        vm.expectEmit(address(token));
        emit Token.AuthorizationUsed(a.from, a.nonce);
        accept(paying, a, sign(paying.kind, a));
        assertLedger(a.from, FUNDS - a.value, a.to, a.value);
        vm.assertTrue(token.authorizationState(a.from, a.nonce), "used");
    }

    function tableCancelsWithoutMovingMoney(bool packed) public {
        Authorization memory a = authorization();
        vm.expectEmit(address(token));
        emit Token.AuthorizationCanceled(a.from, a.nonce);
        accept(Form(Kind.Cancel, packed), a, sign(Kind.Cancel, a));
        assertLedger(a.from, FUNDS, a.to, 0);
        vm.assertTrue(token.authorizationState(a.from, a.nonce), "canceled");
    }

    function fixturePacked() public pure returns (bool[] memory values) {
        values = new bool[](2);
        values[1] = true;
    }

    function tableStartsAfterValidAfter(Form memory paying) public {
        Authorization memory a = authorization();
        a.validAfter = NOW;
        a.validBefore = NOW + 10;
        bytes memory signature = sign(paying.kind, a);
        refuse(paying, a, signature, "FiatTokenV2: authorization is not yet valid");
        vm.warp(NOW + 1);
        accept(paying, a, signature);
    }

    function tableEndsBeforeValidBefore(Form memory paying) public {
        Authorization memory a = authorization();
        bytes memory signature = sign(paying.kind, a);
        vm.warp(a.validBefore);
        refuse(paying, a, signature, "FiatTokenV2: authorization is expired");
        vm.warp(a.validBefore - 1);
        accept(paying, a, signature);
    }

    function tableOneNonceServesOnce(Form memory form) public {
        Authorization memory a = authorization();
        accept(form, a, sign(form.kind, a));
        Form[] memory forms = fixtureForm();
        for (uint256 i = 0; i < forms.length; i++) {
            refuse(forms[i], a, sign(forms[i].kind, a), USED);
        }
    }

    function tableNoncesAreOfTheirAuthorizer(Form memory form) public {
        Authorization memory a = authorization();
        accept(form, a, sign(form.kind, a));
        a.from = vm.addr(7);
        token.mint(a.from, a.value);
        accept(form, a, sign(7, digest(form.kind, a)));
    }

    function tableOnlyThePayeeReceives(bool packed) public {
        Authorization memory a = authorization();
        Form memory f = Form(Kind.Receive, packed);
        bytes memory signature = sign(f.kind, a);
        (bool accepted, bytes memory result) = submitAs(RELAYER, f, a, signature);
        assertRefused(accepted, result, "FiatTokenV2: caller must be the payee");
        accept(f, a, signature);
    }

    function tableRefusedPaymentLeavesTheNonce(Form memory paying) public {
        Authorization memory a = authorization();
        a.value = FUNDS + 1;
        bytes memory signature = sign(paying.kind, a);
        refuse(paying, a, signature, POOR);
        vm.assertEq(token.authorizationState(a.from, a.nonce), false, "unused");
        token.mint(a.from, 1);
        accept(paying, a, signature);
    }

    function tableOtherKindsDoNotServe(Form memory form) public {
        Authorization memory a = authorization();
        for (uint256 i = 1; i < 3; i++) {
            refuse(form, a, sign(Kind((uint256(form.kind) + i) % 3), a), INVALID_SIGNATURE);
        }
    }

    function tableOtherDomainsDoNotServe(Form memory form) public {
        refuseDomain(form, domain("USD coin", VERSION, block.chainid, address(token)));
        refuseDomain(form, domain(NAME, "1", block.chainid, address(token)));
        refuseDomain(form, domain(NAME, VERSION, block.chainid + 1, address(token)));
        refuseDomain(form, domain(NAME, VERSION, block.chainid, address(this)));
    }

    function tableSignaturesFollowTheChain(Form memory form) public {
        Authorization memory a = authorization();
        bytes memory signature = sign(form.kind, a);
        vm.chainId(196);
        refuse(form, a, signature, INVALID_SIGNATURE);
        accept(form, a, sign(form.kind, a));
    }

    function tableHighSIsRefused(Form memory form) public {
        Authorization memory a = authorization();
        bytes memory high = malleated(sign(form.kind, a));
        (uint8 v, bytes32 r, bytes32 s) = split(high);
        vm.assertEq(ecrecover(digest(form.kind, a), v, r, s), payer, "right but for its form");
        refuse(form, a, high, INVALID_SIGNATURE);
    }

    function tableOtherRecoveryIdsAreRefused(Form memory form) public {
        Authorization memory a = authorization();
        bytes memory signature = sign(form.kind, a);
        uint8[6] memory others = [0, 1, 26, 29, 255, uint8(signature[64]) ^ 7];
        for (uint256 i = 0; i < others.length; i++) {
            signature[64] = bytes1(others[i]);
            refuse(form, a, signature, INVALID_SIGNATURE);
        }
    }

    function testOtherLengthsAreRefused() public {
        Authorization memory a = authorization();
        for (uint256 k = 0; k < 3; k++) {
            Form memory f = Form(Kind(k), true);
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, digest(f.kind, a));
            bytes32 compact = bytes32(uint256(s) | (uint256(v - 27) << 255));
            refuse(f, a, "", INVALID_SIGNATURE);
            refuse(f, a, abi.encodePacked(r, s), INVALID_SIGNATURE);
            refuse(f, a, abi.encodePacked(r, compact), INVALID_SIGNATURE);
            refuse(f, a, abi.encodePacked(r, s, v, v), INVALID_SIGNATURE);
        }
    }

    function tableNobodySignsForTheZeroAddress(Form memory form) public {
        Authorization memory a = authorization();
        a.from = address(0);
        token.mint(a.from, a.value);
        refuse(form, a, new bytes(65), INVALID_SIGNATURE);
    }

    function tableTheZeroAddressIsNoPayee(Form memory paying) public {
        Authorization memory a = authorization();
        a.to = address(0);
        refuse(paying, a, sign(paying.kind, a), "ERC20: transfer to the zero address");
    }

    function testFuzzAPaymentMovesTheValueAndNothingElse(uint256 seed, uint256 value, address to, bytes32 nonce)
        public
    {
        Form memory f = form(seed % 4);
        vm.assume(to != address(0));
        Authorization memory a = Authorization(payer, to, value % (FUNDS + 1), NOW - 1, NOW + 1, nonce);
        accept(f, a, sign(f.kind, a));
        vm.assertEq(token.totalSupply(), FUNDS, "supply");
        if (to != payer) assertLedger(payer, FUNDS - a.value, to, a.value);
        else vm.assertEq(token.balanceOf(payer), FUNDS, "to oneself");
    }

    function testFuzzAPaymentBeyondTheBalanceIsRefused(uint256 seed, uint256 value) public {
        Form memory f = form(seed % 4);
        vm.assume(value > FUNDS);
        Authorization memory a = authorization();
        a.value = value;
        refuse(f, a, sign(f.kind, a), POOR);
    }

    function testFuzzTheWindowIsOpenAtBothEnds(uint256 seed, uint64 validAfter, uint64 validBefore) public {
        Form memory f = form(seed % 4);
        Authorization memory a = authorization();
        (a.validAfter, a.validBefore) = (validAfter, validBefore);
        (bool accepted,) = submit(f, a, sign(f.kind, a));
        vm.assertEq(accepted, validAfter < NOW && NOW < validBefore, "inside, or refused");
    }

    function testFuzzAnotherKeyIsRefused(uint256 seed, uint256 key) public {
        Form memory f = form(seed);
        key = 1 + key % (ORDER - 1);
        vm.assume(key != KEY);
        Authorization memory a = authorization();
        refuse(f, a, sign(key, digest(f.kind, a)), INVALID_SIGNATURE);
    }

    function testFuzzAnotherSignatureIsRefused(uint256 seed, bytes32 r, bytes32 s, uint8 v) public {
        refuse(form(seed), authorization(), abi.encodePacked(r, s, v), INVALID_SIGNATURE);
    }

    /// @dev Every changed value would be welcome, had it been signed: only the signature is wrong.
    function testFuzzAChangedFieldIsRefused(uint256 seed, uint256 field, uint256 change) public {
        Form memory f = form(seed);
        Authorization memory a = authorization();
        bytes memory signature = sign(f.kind, a);
        bytes32 signed = structHash(f.kind, a);
        field %= 6;
        if (field == 0) a.from = address(uint160(change));
        if (field == 1) a.to = address(uint160(change));
        if (field == 2) a.value = change % FUNDS;
        if (field == 3) a.validAfter = change % NOW;
        if (field == 4) a.validBefore = NOW + 1 + change % NOW;
        if (field == 5) a.nonce = bytes32(change);
        vm.assume(structHash(f.kind, a) != signed);
        vm.assume(a.to != address(0) && a.from.code.length == 0);
        token.mint(a.from, FUNDS);
        refuse(f, a, signature, INVALID_SIGNATURE);
    }

    function testFuzzANonceServesOnce(uint256 first, uint256 second, bytes32 nonce) public {
        (Form memory f, Form memory g) = (form(first), form(second));
        Authorization memory a = authorization();
        a.nonce = nonce;
        accept(f, a, sign(f.kind, a));
        refuse(g, a, sign(g.kind, a), USED);
    }

    function refuseDomain(Form memory f, bytes32 separator) private {
        Authorization memory a = authorization();
        refuse(f, a, sign(KEY, digest(separator, structHash(f.kind, a))), INVALID_SIGNATURE);
    }

    function assertLedger(address from, uint256 left, address to, uint256 received) private view {
        vm.assertEq(token.balanceOf(from), left, "payer");
        vm.assertEq(token.balanceOf(to), received, "payee");
    }
}
