// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EscrowTest} from "../EscrowTest.sol";
import {vm} from "../Vm.sol";

/// @notice What SDKs ask an escrow, and the ids and nonces it computes for them.
contract ViewsTest is EscrowTest {
    function testConstants() public view {
        vm.assertEq(ask(abi.encodeWithSignature("CLOSE_GRACE_PERIOD()")), abi.encode(15 minutes), "grace period");
        vm.assertEq(ask(abi.encodeWithSignature("PERMIT2()")), abi.encode(PERMIT2), "Permit2");
        assertType("VOUCHER_TYPEHASH()", "Voucher(bytes32 channelId,uint128 cumulativeAmount)");
        assertType(
            "SETTLE_AUTHORIZATION_TYPEHASH()",
            "SettleAuthorization(bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline)"
        );
        assertType(
            "CLOSE_AUTHORIZATION_TYPEHASH()",
            "CloseAuthorization(bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline)"
        );
        assertType(
            "CHANNEL_OPEN_WITNESS_TYPEHASH()", "ChannelOpenWitness(address payee,bytes32 salt,address authorizedSigner)"
        );
        assertType("CHANNEL_TOP_UP_WITNESS_TYPEHASH()", "ChannelTopUpWitness(bytes32 channelId)");
    }

    /// @dev What others computed for a channel of OKX's deployment.
    function testThePublishedExamples() public {
        address deployed = 0x5E550002e64FaF79B41D89fE8439eEb1be66CE3b;
        vm.chainId(196);
        vm.etch(deployed, escrow.code);
        escrow = deployed;
        Opening memory o;
        o.payer = 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266;
        o.payee = 0x70997970C51812dc3A010C7d01b50e0d17dc79C8;
        o.token = 0x779Ded0c9e1022225f8E0630b35a9b54bE713736;
        o.salt = 0x1111111111111111111111111111111111111111111111111111111111111111;
        vm.assertEq(
            askWithTerms("computeChannelId", o),
            abi.encode(0x6561c26c855d5e0c65a9f7e86235b7df1ba1d1bc52b59985879eb62f96470c82),
            "id"
        );
        vm.assertEq(
            askWithTerms("computeOpenAuthorizationNonce", o),
            abi.encode(0x01bc97f649d0d2f1950b08dcae1bd211761c7c0b23b41911e6ad8ecdf374965d),
            "draft"
        );
        vm.assertEq(
            askNonceWithSplits(o), abi.encode(0x4fdb91677d840dad64f158867d0ab3e17f697b935979fbaa002a87206384ccc6), "OKX"
        );
    }

    function testTheDomain() public {
        assertDomain();
        vm.chainId(196);
        assertDomain();
    }

    function testFuzzVoucherDigest(bytes32 channelId, uint128 amount) public view {
        vm.assertEq(
            ask(abi.encodeWithSignature("getVoucherDigest(bytes32,uint128)", channelId, amount)),
            abi.encode(digest(escrowDomain(), voucherHash(channelId, amount))),
            "digest"
        );
    }

    function testFuzzChannelId(Opening memory o, uint64 chainId) public {
        vm.chainId(chainId);
        vm.assertEq(askWithTerms("computeChannelId", o), abi.encode(channelIdOf(o)), "channel id");
    }

    function testFuzzOpenNonces(Opening memory o) public view {
        vm.assertEq(askWithTerms("computeOpenAuthorizationNonce", o), abi.encode(openNonce(o)), "the draft's");
        vm.assertEq(askNonceWithSplits(o), abi.encode(openNonceWithSplits(o)), "OKX's");
        o.splits = new Split[](0);
        vm.assertEq(askNonceWithSplits(o), abi.encode(openNonceWithSplits(o)), "OKX's, without splits");
    }

    function testFuzzTopUpNonce(Addition memory t) public view {
        vm.assertEq(
            ask(
                abi.encodeWithSignature(
                    "computeTopUpAuthorizationNonce(bytes32,uint128,address,bytes32)",
                    t.channelId,
                    t.additionalDeposit,
                    t.from,
                    t.topUpSalt
                )
            ),
            abi.encode(topUpNonce(t)),
            "nonce"
        );
    }

    /// @dev In every state, and of a channel that is not there.
    function testEveryViewOfAChannelIsTheSame() public {
        Opening memory o = opening();
        o.authorizedSigner = signer;
        bytes32 one = open(o);
        bytes32 other = open();
        perform(Act.Settle, other, 400);
        requestClose(other);
        bytes32[] memory ids = new bytes32[](3);
        (ids[0], ids[2]) = (one, other);
        Channel[] memory records = new Channel[](3);
        records[0] = Channel(false, 0, payer, payee, address(token), signer, DEPOSIT, 0);
        records[2] = Channel(false, uint64(NOW), payer, payee, address(token), address(0), DEPOSIT, 400);
        for (uint256 i = 0; i < 3; i++) {
            bytes memory record = abi.encode(records[i]);
            vm.assertEq(ask(abi.encodeWithSignature("getChannel(bytes32)", ids[i])), record, "getChannel");
            vm.assertEq(ask(abi.encodeWithSignature("channels(bytes32)", ids[i])), record, "channels");
        }
        vm.assertEq(
            ask(abi.encodeWithSignature("getChannelsBatch(bytes32[])", ids)), abi.encode(records), "getChannelsBatch"
        );
        vm.assertEq(ask(abi.encodeWithSignature("getSplits(bytes32)", one)), abi.encode(new Split[](0)), "no splits");
    }

    function assertType(string memory getter, string memory definition) private view {
        vm.assertEq(ask(abi.encodeWithSignature(getter)), abi.encode(keccak256(bytes(definition))), getter);
    }

    function assertDomain() private view {
        bytes32 separator = domain("EVM Payment Channel", "1", block.chainid, escrow);
        vm.assertEq(ask(abi.encodeWithSignature("domainSeparator()")), abi.encode(separator), "separator");
        vm.assertEq(
            ask(abi.encodeWithSignature("eip712Domain()")),
            abi.encode(bytes1(0x0f), "EVM Payment Channel", "1", block.chainid, escrow, bytes32(0), new uint256[](0)),
            "description"
        );
    }

    function askWithTerms(string memory name, Opening memory o) private view returns (bytes memory) {
        return ask(
            abi.encodeWithSignature(
                string.concat(name, "(address,address,address,bytes32,address)"),
                o.payer,
                o.payee,
                o.token,
                o.salt,
                o.authorizedSigner
            )
        );
    }

    function askNonceWithSplits(Opening memory o) private view returns (bytes memory) {
        return ask(
            abi.encodeWithSignature(
                "computeOpenAuthorizationNonce(address,address,address,bytes32,address,(address,uint16)[])",
                o.payer,
                o.payee,
                o.token,
                o.salt,
                o.authorizedSigner,
                o.splits
            )
        );
    }
}
