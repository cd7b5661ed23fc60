// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BlockingCoin} from "./BlockingCoin.sol";
import {Coin} from "./Coin.sol";

/// @title Says no where it is told to, and moves all the same
contract LyingCoin is BlockingCoin {
    function transfer(address to, uint256 value) external override returns (bool) {
        Coin._move(msg.sender, to, value);
        return !blocked[to];
    }
}
