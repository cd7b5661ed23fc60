// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Channels} from "./Channels.sol";

/// @title Money out of escrow
abstract contract Payouts is Channels {
    using SafeERC20 for IERC20;

    /// @dev Pays out what was settled beyond `before`. A split recipient's share is of all that is settled, rounded down,
    /// and it gets what that has grown by: many settlements give it what one gives. The payee gets the rest, less what
    /// rounding keeps, and the share of a recipient that the token refuses: else that one would keep it from everything.
    function _payOut(bytes32 channelId, uint128 before) internal {
        Channel storage channel = _channels[channelId];
        Split[] storage splits = _splits[channelId];
        uint256 settled = channel.settled;
        uint256 bps = 0;
        uint256 refused = 0;
        for (uint256 i = 0; i < splits.length; i++) {
            Split memory split = splits[i];
            bps += split.bps;
            uint256 share = _share(settled, split.bps) - _share(before, split.bps);
            if (!_tryPay(channel.token, split.recipient, share)) refused += share;
        }
        uint256 shared = _share(settled, bps) - _share(before, bps);
        _pay(channel.token, channel.payee, settled - before - shared + refused);
    }

    /// @dev What rounding keeps: the shares of all recipients together, rounded down, less each rounded down by itself.
    /// It is nothing with a single split, nine units at most, and waits here for the unit that completes a share.
    /// Otherwise one more unit settled could complete more shares than it can pay.
    function _kept(bytes32 channelId) internal view returns (uint256) {
        uint256 settled = _channels[channelId].settled;
        Split[] storage splits = _splits[channelId];
        uint256 bps = 0;
        uint256 shared = 0;
        for (uint256 i = 0; i < splits.length; i++) {
            bps += splits[i].bps;
            shared += _share(settled, splits[i].bps);
        }
        return _share(settled, bps) - shared;
    }

    /// @dev Some tokens refuse to move nothing.
    function _pay(address token, address to, uint256 amount) internal {
        if (amount > 0) IERC20(token).safeTransfer(to, amount);
    }

    /// @dev A token that says no must have moved nothing, or the same would be paid twice, with the money of others.
    function _tryPay(address token, address to, uint256 amount) internal returns (bool paid) {
        if (amount == 0) return true;
        uint256 held = IERC20(token).balanceOf(address(this));
        paid = IERC20(token).trySafeTransfer(to, amount);
        require(paid || IERC20(token).balanceOf(address(this)) == held, SafeERC20.SafeERC20FailedOperation(token));
    }

    /// @dev An amount has 128 bits: 256 do for the product.
    function _share(uint256 amount, uint256 bps) private pure returns (uint256) {
        return amount * bps / WHOLE_BPS;
    }
}
