// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BlockingCoin} from "./BlockingCoin.sol";

/// @title Says no instead of reverting
contract FalseCoin is BlockingCoin {
    bool public frozen;

    function freeze(bool frozen_) external {
        frozen = frozen_;
    }

    function transfer(address to, uint256 value) external override returns (bool) {
        if (frozen || blocked[to]) return false;
        _move(msg.sender, to, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external override returns (bool) {
        if (frozen) return false;
        _move(from, to, value);
        return true;
    }
}
