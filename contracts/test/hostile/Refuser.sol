// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Takes every call, and has signed nothing
contract Refuser {
    fallback() external payable {}
}
