// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Deposits} from "./escrow/Deposits.sol";

/// @title A contract that reports top-ups as the escrow does
/// @notice Emits the escrow's event and holds nothing: whoever reads logs without asking whose they are believes it.
/// @dev For testbeds only.
contract Impostor {
    function topUp(bytes32 channelId, address payee, uint256 additionalDeposit, uint256 newDeposit) external {
        emit Deposits.TopUp(channelId, msg.sender, payee, additionalDeposit, newDeposit);
    }
}
