// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Coin} from "./Coin.sol";

/// @title Calls back whenever it moves, and remembers the answers
contract CallingCoin is Coin {
    address public target;
    bytes[] public inputs;
    bytes[] public answers;
    uint256 public accepted;

    function arm(address target_, bytes[] calldata inputs_) external {
        target = target_;
        for (uint256 i = 0; i < inputs_.length; i++) {
            inputs.push(inputs_[i]);
        }
    }

    function disarm() external {
        delete inputs;
    }

    function send(address to, bytes calldata input) external {
        (bool sent,) = to.call(input);
        require(sent, "refused");
    }

    function count() external view returns (uint256) {
        return answers.length;
    }

    function _move(address from, address to, uint256 value) internal override {
        super._move(from, to, value);
        for (uint256 i = 0; i < inputs.length; i++) {
            (bool ok, bytes memory answer) = target.call(inputs[i]);
            if (ok) accepted++;
            answers.push(answer);
        }
    }
}
