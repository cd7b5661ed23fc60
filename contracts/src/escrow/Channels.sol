// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {TypedData} from "../TypedData.sol";

/// @title The record of channels
/// @dev Views bear the names that SDKs query: those of the escrow from which the draft was adapted.
abstract contract Channels is TypedData, ReentrancyGuardTransient {
    struct Channel {
        /// Set once, and the record stays: a channel of the same terms can never be opened again, so an old voucher
        /// never meets a new deposit.
        bool finalized;
        /// Unix seconds; 0 while the payer has not asked to leave.
        uint64 closeRequestedAt;
        address payer;
        address payee;
        address token;
        /// Who signs vouchers; zero is the payer.
        address authorizedSigner;
        uint128 deposit;
        uint128 settled;
    }

    /// A share of everything a channel settles.
    struct Split {
        address recipient;
        /// Of WHOLE_BPS.
        uint16 bps;
    }

    uint256 internal constant WHOLE_BPS = 10_000;

    mapping(bytes32 channelId => Channel) internal _channels;
    mapping(bytes32 channelId => Split[]) internal _splits;

    error ChannelNotFound();
    error ChannelFinalized();
    error NotPayer();

    constructor() TypedData("EVM Payment Channel", "1") {}

    modifier onlyPayer(bytes32 channelId) {
        require(msg.sender == _live(channelId).payer, NotPayer());
        _;
    }

    function getChannel(bytes32 channelId) public view returns (Channel memory) {
        return _channels[channelId];
    }

    function getChannelsBatch(bytes32[] calldata channelIds) external view returns (Channel[] memory channels_) {
        channels_ = new Channel[](channelIds.length);
        for (uint256 i = 0; i < channelIds.length; i++) {
            channels_[i] = getChannel(channelIds[i]);
        }
    }

    function channels(bytes32 channelId)
        external
        view
        returns (
            bool finalized,
            uint64 closeRequestedAt,
            address payer,
            address payee,
            address token,
            address authorizedSigner,
            uint128 deposit,
            uint128 settled
        )
    {
        Channel memory c = getChannel(channelId);
        return (c.finalized, c.closeRequestedAt, c.payer, c.payee, c.token, c.authorizedSigner, c.deposit, c.settled);
    }

    function getSplits(bytes32 channelId) external view returns (Split[] memory) {
        return _splits[channelId];
    }

    function computeChannelId(address payer, address payee, address token, bytes32 salt, address authorizedSigner)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(payer, payee, token, salt, authorizedSigner, address(this), block.chainid));
    }

    /// @dev A channel that is there and not final.
    function _live(bytes32 channelId) internal view returns (Channel storage channel) {
        channel = _channels[channelId];
        require(channel.payer != address(0), ChannelNotFound());
        require(!channel.finalized, ChannelFinalized());
    }
}
