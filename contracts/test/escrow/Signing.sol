// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TokenTest} from "../TokenTest.sol";
import {vm} from "../Vm.sol";

/// @notice Who signs, and what a payer signs to move its money into the escrow.
abstract contract Signing is TokenTest {
    struct Permit {
        uint256 nonce;
        uint256 deadline;
        bytes signature;
    }

    struct Permit2Domain {
        string name;
        uint256 chainId;
        address verifyingContract;
    }

    address internal constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;

    address internal escrow;
    /// @dev A contract signs by the key of its owner.
    mapping(address account => uint256) internal keyOf;
    /// @dev Permit2 nonces and payees' nonces may come in any order; here they count up.
    uint256 internal lastNonce;

    function party(uint256 key) internal returns (address account) {
        account = vm.addr(key);
        keyOf[account] = key;
    }

    function sign(address account, bytes32 hash) internal view returns (bytes memory) {
        return sign(keyOf[account], hash);
    }

    /// @dev An EIP-3009 authorization to the escrow.
    function authorize(address from, uint256 value, bytes32 nonce) internal view returns (Authorization memory) {
        return Authorization(from, escrow, value, 0, block.timestamp + 1 hours, nonce);
    }

    function sign(address coin, Authorization memory a) internal view returns (bytes memory) {
        return sign(a.from, digest(domain(NAME, VERSION, block.chainid, coin), structHash(Kind.Receive, a)));
    }

    /// @param witness the definition of the witness, and `members` its encoded members
    function permit(address from, address coin, uint256 amount, string memory witness, bytes memory members)
        internal
        returns (Permit memory p)
    {
        (p.nonce, p.deadline) = (++lastNonce, block.timestamp + 1 hours);
        bytes memory data = abi.encodePacked(abi.encode(coin, amount, escrow, p.nonce, p.deadline), members);
        p.signature = sign(from, permit2Digest(witness, data));
    }

    function permit2Digest(string memory witness, bytes memory data) private view returns (bytes32) {
        return digest(
            vm.eip712HashStruct(
                "EIP712Domain(string name,uint256 chainId,address verifyingContract)",
                abi.encode(Permit2Domain("Permit2", block.chainid, PERMIT2))
            ),
            vm.eip712HashStruct(
                string.concat(
                    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,",
                    witness,
                    "TokenPermissions(address token,uint256 amount)"
                ),
                data
            )
        );
    }
}
