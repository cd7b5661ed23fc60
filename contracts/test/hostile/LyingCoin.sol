// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {BlockingCoin} from "./BlockingCoin.sol";
import {Coin} from "./Coin.sol";

/// @title Says no to whom its owner blocked, and moves all the same, or gives the sender as much
contract LyingCoin is BlockingCoin {
    bool public gives;

    function setGives(bool gives_) external {
        gives = gives_;
    }

    function transfer(address to, uint256 value) external override returns (bool) {
        if (blocked[to] && gives) balanceOf[msg.sender] += value;
        else Coin._move(msg.sender, to, value);
        return !blocked[to];
    }
}
