// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Coin} from "./Coin.sol";

/// @title Returns nothing, as USDT on Ethereum does, and refuses to move nothing
contract SilentCoin is Coin {
    function transfer(address to, uint256 value) external override returns (bool) {
        _move(msg.sender, to, value);
        assembly {
            return(0, 0)
        }
    }

    function transferFrom(address from, address to, uint256 value) external override returns (bool) {
        _move(from, to, value);
        assembly {
            return(0, 0)
        }
    }

    function _move(address from, address to, uint256 value) internal override {
        require(value > 0, "nothing to move");
        super._move(from, to, value);
    }
}
