// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Deposits} from "./escrow/Deposits.sol";
import {Payouts} from "./escrow/Payouts.sol";

/// @title Payment channels in escrow
/// @notice Holds what payers deposit, and gives a payee what the payer's vouchers allow (draft-evm-session, "Channel
/// Escrow Contract"; the splits are OKX's). README.md says what was chosen where the draft is silent.
contract Escrow is Deposits, Payouts {
    bytes32 public constant VOUCHER_TYPEHASH = keccak256("Voucher(bytes32 channelId,uint128 cumulativeAmount)");
    bytes32 public constant SETTLE_AUTHORIZATION_TYPEHASH =
        keccak256("SettleAuthorization(bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline)");
    bytes32 public constant CLOSE_AUTHORIZATION_TYPEHASH =
        keccak256("CloseAuthorization(bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline)");

    /// @notice How long a payee has, in seconds, from the payer's request to leave until the payer can.
    /// @dev The draft's reference is 15 minutes, and it forbids less than 10: whoever takes channels looks.
    uint64 public immutable CLOSE_GRACE_PERIOD;

    /// @notice The nonces a payee's authorizations have used: one nonce serves settle and close.
    mapping(address payee => mapping(bytes32 channelId => mapping(uint256 nonce => bool))) public nonceUsed;

    event Settled(
        bytes32 indexed channelId,
        address indexed payer,
        address indexed payee,
        uint256 cumulativeAmount,
        uint256 deltaPaid,
        uint256 newSettled
    );
    event CloseRequested(
        bytes32 indexed channelId, address indexed payer, address indexed payee, uint256 closeGraceEnd
    );
    event ChannelClosed(
        bytes32 indexed channelId,
        address indexed payer,
        address indexed payee,
        uint256 settledToPayee,
        uint256 refundedToPayer
    );
    event ChannelExpired(bytes32 indexed channelId, address indexed payer, address indexed payee);

    error NotPayee();
    error AmountNotIncreasing();
    error AmountExceedsDeposit();
    error InvalidSignature();
    error NonceAlreadyUsed();
    error AuthorizationExpired();
    error CloseNotReady();

    constructor(uint64 closeGracePeriod) {
        CLOSE_GRACE_PERIOD = closeGracePeriod;
    }

    modifier onlyPayee(bytes32 channelId) {
        require(msg.sender == _live(channelId).payee, NotPayee());
        _;
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparator();
    }

    /// @notice What the signer of a channel signs to allow its payee so much in all.
    function getVoucherDigest(bytes32 channelId, uint128 cumulativeAmount) public view returns (bytes32) {
        return _digest(keccak256(abi.encode(VOUCHER_TYPEHASH, channelId, cumulativeAmount)));
    }

    /// @notice Pays the payee what a voucher allows beyond what was settled.
    function settle(bytes32 channelId, uint128 cumulativeAmount, bytes calldata signature)
        external
        nonReentrant
        onlyPayee(channelId)
    {
        _settle(channelId, cumulativeAmount, signature);
    }

    /// @notice The same for anyone, by the payee's signature.
    function settleWithAuthorization(
        bytes32 channelId,
        uint128 cumulativeAmount,
        uint256 nonce,
        uint256 deadline,
        bytes calldata payeeSignature,
        bytes calldata voucherSignature
    ) external nonReentrant {
        _authorize(SETTLE_AUTHORIZATION_TYPEHASH, channelId, cumulativeAmount, nonce, deadline, payeeSignature);
        _settle(channelId, cumulativeAmount, voucherSignature);
    }

    /// @notice Settles for the last time and gives the payer the rest back.
    /// @dev Whoever claims no more than was settled needs no voucher.
    function close(bytes32 channelId, uint128 cumulativeAmount, bytes calldata signature)
        external
        nonReentrant
        onlyPayee(channelId)
    {
        _close(channelId, cumulativeAmount, signature);
    }

    /// @notice The same for anyone, by the payee's signature.
    function closeWithAuthorization(
        bytes32 channelId,
        uint128 cumulativeAmount,
        uint256 nonce,
        uint256 deadline,
        bytes calldata payeeSignature,
        bytes calldata voucherSignature
    ) external nonReentrant {
        _authorize(CLOSE_AUTHORIZATION_TYPEHASH, channelId, cumulativeAmount, nonce, deadline, payeeSignature);
        _close(channelId, cumulativeAmount, voucherSignature);
    }

    /// @notice Starts the grace period after which the payer can leave. A second request changes nothing.
    function requestClose(bytes32 channelId) external onlyPayer(channelId) {
        Channel storage channel = _channels[channelId];
        if (channel.closeRequestedAt != 0) return;
        channel.closeRequestedAt = uint64(block.timestamp);
        emit CloseRequested(channelId, channel.payer, channel.payee, block.timestamp + CLOSE_GRACE_PERIOD);
    }

    /// @notice Gives the payer, who asked for it in time, all that was not settled.
    function withdraw(bytes32 channelId) external nonReentrant onlyPayer(channelId) {
        Channel storage channel = _channels[channelId];
        require(channel.closeRequestedAt != 0, CloseNotReady());
        require(block.timestamp >= channel.closeRequestedAt + CLOSE_GRACE_PERIOD, CloseNotReady());
        emit ChannelExpired(channelId, channel.payer, channel.payee);
        _finalize(channelId, channel.settled);
    }

    function _settle(bytes32 channelId, uint128 cumulativeAmount, bytes calldata voucher) private {
        Channel storage channel = _live(channelId);
        require(cumulativeAmount > channel.settled, AmountNotIncreasing());
        uint128 before = channel.settled;
        _claim(channelId, cumulativeAmount, voucher);
        _payOut(channelId, before);
    }

    function _close(bytes32 channelId, uint128 cumulativeAmount, bytes calldata voucher) private {
        uint128 before = _live(channelId).settled;
        if (cumulativeAmount > before) _claim(channelId, cumulativeAmount, voucher);
        _finalize(channelId, before);
    }

    /// @dev Takes what a voucher allows beyond what was settled, and leaves it to the caller to pay it out.
    function _claim(bytes32 channelId, uint128 cumulativeAmount, bytes calldata voucher) private {
        Channel storage channel = _channels[channelId];
        require(cumulativeAmount <= channel.deposit, AmountExceedsDeposit());
        address signer = channel.authorizedSigner == address(0) ? channel.payer : channel.authorizedSigner;
        _requireSignature(signer, getVoucherDigest(channelId, cumulativeAmount), voucher);
        uint128 claimed = cumulativeAmount - channel.settled;
        channel.settled = cumulativeAmount;
        emit Settled(channelId, channel.payer, channel.payee, cumulativeAmount, claimed, cumulativeAmount);
    }

    /// @dev Pays out what was settled beyond `before`, and leaves nothing of the channel behind.
    function _finalize(bytes32 channelId, uint128 before) private {
        Channel storage channel = _channels[channelId];
        channel.finalized = true;
        uint256 rest = channel.deposit - channel.settled;
        emit ChannelClosed(channelId, channel.payer, channel.payee, channel.settled, rest);
        _payOut(channelId, before);
        uint256 kept = _kept(channelId);
        // The payee's, but no reason to keep the payer, should the token refuse it.
        if (!_tryPay(channel.token, channel.payee, kept)) rest += kept;
        _pay(channel.token, channel.payer, rest);
    }

    function _authorize(
        bytes32 typeHash,
        bytes32 channelId,
        uint128 cumulativeAmount,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) private {
        address payee = _live(channelId).payee;
        require(block.timestamp <= deadline, AuthorizationExpired());
        require(!nonceUsed[payee][channelId][nonce], NonceAlreadyUsed());
        bytes32 structHash = keccak256(abi.encode(typeHash, channelId, cumulativeAmount, nonce, deadline));
        _requireSignature(payee, _digest(structHash), signature);
        nonceUsed[payee][channelId][nonce] = true;
    }

    /// @dev Either the signer's key made it, in its canonical form (65 bytes, s in the lower half, v 27 or 28), or the
    /// signer's code says through ERC-1271 that it is a signature. The key comes first: what it has signed stays
    /// signed, whatever code its account is given afterwards.
    function _requireSignature(address signer, bytes32 digest, bytes calldata signature) private view {
        (address recovered, ECDSA.RecoverError fault,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (fault == ECDSA.RecoverError.NoError && recovered == signer) return;
        require(SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature), InvalidSignature());
    }
}
