// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Token} from "./Token.sol";

/// @title The ledger at a glance
/// @notice Reads everything a verdict about money needs in one call, and so at one block.
contract Lens {
    struct Authorization {
        address authorizer;
        bytes32 nonce;
    }

    /// @return balances of the holders, in their order
    /// @return used whether each authorization was used or canceled, in their order
    function look(Token token, address[] calldata holders, Authorization[] calldata authorizations)
        external
        view
        returns (uint256[] memory balances, bool[] memory used, uint256 totalSupply, uint256 blockNumber)
    {
        balances = new uint256[](holders.length);
        for (uint256 i = 0; i < holders.length; i++) {
            balances[i] = token.balanceOf(holders[i]);
        }
        used = new bool[](authorizations.length);
        for (uint256 i = 0; i < authorizations.length; i++) {
            used[i] = token.authorizationState(authorizations[i].authorizer, authorizations[i].nonce);
        }
        totalSupply = token.totalSupply();
        blockNumber = block.number;
    }
}
