// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Token} from "../src/Token.sol";
import {TokenTest} from "./TokenTest.sol";
import {vm} from "./Vm.sol";

/// @notice The EIP-712 domain and the types.
contract TypedDataTest is TokenTest {
    /// @dev The hashes as EIP-3009 and EIP-2612 print them.
    function testTypeHashesAreTheStandards() public view {
        vm.assertEq(
            token.TRANSFER_WITH_AUTHORIZATION_TYPEHASH(),
            0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267,
            "transfer"
        );
        vm.assertEq(
            token.RECEIVE_WITH_AUTHORIZATION_TYPEHASH(),
            0xd099cc98ef71107a616c4f0f941f04c322d8e254fe26b3c6668db87aae413de8,
            "receive"
        );
        vm.assertEq(
            token.CANCEL_AUTHORIZATION_TYPEHASH(),
            0x158b0a9edf7a828aad02f63cd515c68ef2f50ba807396f6d12842833a1597429,
            "cancel"
        );
        vm.assertEq(
            token.PERMIT_TYPEHASH(), 0x6e71edae12b1b97f4d1f60370fef10105fa2faae0126114a169c64845d6126c9, "permit"
        );
    }

    /// @dev What USDC on Ethereum answers, from a token in its place.
    function testTheSeparatorIsThatOfUsdc() public {
        address usdc = 0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48;
        vm.chainId(1);
        // Run as code, a constructor fills the storage of this very address and returns what belongs there.
        vm.etch(usdc, abi.encodePacked(type(Token).creationCode, abi.encode("USD Coin", "2", "USDC", uint8(6))));
        (, bytes memory code) = usdc.call("");
        vm.etch(usdc, code);
        vm.assertEq(
            Token(usdc).DOMAIN_SEPARATOR(),
            0x06c37168a7db5138defc7866392bb87a741f9b3d104deb5094588ce041cae335,
            "separator"
        );
    }

    function testAnyNameAndVersion() public {
        assertDomain("", "");
        assertDomain("USD Coin", "2");
        assertDomain(unicode"USD₮0", "1");
        // The same name, byte by byte.
        assertDomain(string(hex"555344e282ae30"), "1");
        assertDomain("A name that is longer than the 31 bytes of a short string", unicode"version ½");
    }

    function testTheDomainFollowsTheChain() public {
        vm.chainId(196);
        vm.assertEq(token.DOMAIN_SEPARATOR(), domain(NAME, VERSION, 196, address(token)), "separator");
        (,,, uint256 chainId,,,) = token.eip712Domain();
        vm.assertEq(chainId, 196, "chain id");
    }

    function testFuzzAnyNameAndVersion(string memory name, string memory version) public {
        assertDomain(name, version);
    }

    function assertDomain(string memory name, string memory version) private {
        Token other = new Token(name, version, "SYM", 18);
        vm.assertEq(other.name(), name, "name");
        vm.assertEq(other.version(), version, "version");
        vm.assertEq(other.symbol(), "SYM", "symbol");
        vm.assertEq(other.decimals(), 18, "decimals");
        vm.assertEq(other.DOMAIN_SEPARATOR(), domain(name, version, block.chainid, address(other)), "separator");
        (, bytes memory described) = address(other).call(abi.encodeWithSignature("eip712Domain()"));
        vm.assertEq(
            described,
            abi.encode(bytes1(0x0f), name, version, block.chainid, address(other), bytes32(0), new uint256[](0)),
            "description"
        );
    }
}
