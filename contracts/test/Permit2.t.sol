// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @notice The committed initcode is the one deployed everywhere.
contract Permit2Test {
    struct Domain {
        string name;
        uint256 chainId;
        address verifyingContract;
    }

    address private constant FACTORY = 0x4e59b44847b379578588920cA78FbF26c0B4956C;
    bytes32 private constant SALT = 0x0000000000000000000000000000000000000000d3af2663da51c10215000000;
    address private constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;

    function testItsAddressIsCanonical() public {
        bytes memory initcode = vm.getCode("artifacts/Permit2.json");
        (bool deployed, bytes memory deployment) = FACTORY.call(abi.encodePacked(SALT, initcode));
        vm.assertTrue(deployed, "the factory deploys");
        vm.assertEq(deployment, abi.encodePacked(PERMIT2), "address");
        vm.assertTrue(PERMIT2.code.length > 0, "code");

        (, bytes memory separator) = PERMIT2.call(abi.encodeWithSignature("DOMAIN_SEPARATOR()"));
        vm.assertEq(
            abi.decode(separator, (bytes32)),
            vm.eip712HashStruct(
                "EIP712Domain(string name,uint256 chainId,address verifyingContract)",
                abi.encode(Domain("Permit2", block.chainid, PERMIT2))
            ),
            "separator"
        );
    }
}
