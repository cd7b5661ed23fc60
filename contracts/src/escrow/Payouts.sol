// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Channels} from "./Channels.sol";

/// @title Money out of escrow
abstract contract Payouts is Channels {
    using SafeERC20 for IERC20;

    /// @dev Shares `amount` among the split recipients, each part rounded down, and gives the payee what is left, the
    /// share of a recipient included that the token refuses: else it would keep the payee from everything.
    function _payOut(bytes32 channelId, uint128 amount) internal {
        Channel storage channel = _channels[channelId];
        Split[] storage splits = _splits[channelId];
        uint256 left = amount;
        for (uint256 i = 0; i < splits.length; i++) {
            uint256 share = uint256(amount) * splits[i].bps / 10_000;
            if (_tryPay(channel.token, splits[i].recipient, share)) left -= share;
        }
        _pay(channel.token, channel.payee, left);
    }

    /// @dev Some tokens refuse to move nothing.
    function _pay(address token, address to, uint256 amount) internal {
        if (amount > 0) IERC20(token).safeTransfer(to, amount);
    }

    /// @dev A token that says no must have moved nothing, or the same would be paid twice, with the money of others.
    function _tryPay(address token, address to, uint256 amount) private returns (bool paid) {
        if (amount == 0) return true;
        uint256 held = IERC20(token).balanceOf(address(this));
        paid = IERC20(token).trySafeTransfer(to, amount);
        require(paid || IERC20(token).balanceOf(address(this)) == held, SafeERC20.SafeERC20FailedOperation(token));
    }
}
