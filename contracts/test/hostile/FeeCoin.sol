// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Coin} from "./Coin.sol";

/// @title Keeps a part of what it moves, or adds to it
contract FeeCoin is Coin {
    int256 public fee = 1;

    function setFee(int256 fee_) external {
        fee = fee_;
    }

    function _move(address from, address to, uint256 value) internal override {
        balanceOf[from] -= value;
        balanceOf[to] += uint256(int256(value) - fee);
    }
}
