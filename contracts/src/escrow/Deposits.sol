// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ISignatureTransfer} from "permit2/interfaces/ISignatureTransfer.sol";
import {IERC3009} from "../IERC3009.sol";
import {Channels} from "./Channels.sol";

/// @title Money into escrow
/// @notice Three ways to fund a channel: the payer's own transaction, its EIP-3009 authorization, its Permit2
/// signature. Anyone may submit the latter two; each binds the channel it is for.
abstract contract Deposits is Channels {
    using SafeERC20 for IERC20;

    /// What a payer agrees to; with the escrow and the chain, it makes the channel's id.
    struct Terms {
        address payer;
        address payee;
        address token;
        bytes32 salt;
        address authorizedSigner;
    }

    /// An EIP-3009 authorization to this contract.
    struct Authorization {
        address from;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
        bytes signature;
    }

    /// A Permit2 signature that names this contract as its spender.
    struct Permit {
        address from;
        uint256 nonce;
        uint256 deadline;
        bytes signature;
    }

    ISignatureTransfer public constant PERMIT2 = ISignatureTransfer(0x000000000022D473030F116dDEE9F6B43aC78BA3);

    bytes32 public constant CHANNEL_OPEN_WITNESS_TYPEHASH =
        keccak256("ChannelOpenWitness(address payee,bytes32 salt,address authorizedSigner)");
    bytes32 public constant CHANNEL_TOP_UP_WITNESS_TYPEHASH = keccak256("ChannelTopUpWitness(bytes32 channelId)");

    string private constant OPEN_WITNESS =
        "ChannelOpenWitness witness)ChannelOpenWitness(address payee,bytes32 salt,address authorizedSigner)TokenPermissions(address token,uint256 amount)";
    string private constant TOP_UP_WITNESS =
        "ChannelTopUpWitness witness)ChannelTopUpWitness(bytes32 channelId)TokenPermissions(address token,uint256 amount)";

    uint256 private constant MOST_SPLITS = 10;

    event ChannelOpened(
        bytes32 indexed channelId,
        address indexed payer,
        address indexed payee,
        address token,
        address authorizedSigner,
        bytes32 salt,
        uint256 deposit
    );
    event TopUp(
        bytes32 indexed channelId,
        address indexed payer,
        address indexed payee,
        uint256 additionalDeposit,
        uint256 newDeposit
    );
    event CloseRequestCancelled(bytes32 indexed channelId, address indexed payer, address indexed payee);

    error ChannelAlreadyExists();
    error InvalidPayee();
    error InvalidAuthorizedSigner();
    error InvalidSplits();
    error ZeroDeposit();
    error DepositOverflow();
    error DepositNotReceived();
    error NonceMismatch();

    /// @dev A token that keeps a part of what it moves would leave the escrow owing more than it holds.
    modifier receives(address token, uint256 amount) {
        uint256 held = IERC20(token).balanceOf(address(this));
        _;
        require(IERC20(token).balanceOf(address(this)) == held + amount, DepositNotReceived());
    }

    /// @notice Opens a channel with the caller's money, which it approved before.
    function open(address payee, address token, uint128 deposit, bytes32 salt, address authorizedSigner)
        external
        nonReentrant
        returns (bytes32 channelId)
    {
        channelId = _open(Terms(msg.sender, payee, token, salt, authorizedSigner), deposit);
        _pull(token, deposit);
    }

    /// @notice The same, with shares of everything it will settle.
    function open(
        address payee,
        address token,
        uint128 deposit,
        bytes32 salt,
        address authorizedSigner,
        Split[] calldata splits
    ) external nonReentrant returns (bytes32 channelId) {
        channelId = _open(Terms(msg.sender, payee, token, salt, authorizedSigner), deposit);
        _share(channelId, splits);
        _pull(token, deposit);
    }

    /// @notice Opens a channel for `from`, by its EIP-3009 signature.
    function openWithAuthorization(
        address payee,
        address token,
        uint128 deposit,
        bytes32 salt,
        address authorizedSigner,
        address from,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external nonReentrant returns (bytes32 channelId) {
        Terms memory terms = Terms(from, payee, token, salt, authorizedSigner);
        require(nonce == _openNonce(terms), NonceMismatch());
        channelId = _open(terms, deposit);
        _receive(token, deposit, Authorization(from, validAfter, validBefore, nonce, signature));
    }

    /// @notice The same in OKX's dialect, whose nonce binds the splits also where there are none.
    function openWithAuthorization(
        address payee,
        address token,
        uint128 deposit,
        bytes32 salt,
        address authorizedSigner,
        Split[] calldata splits,
        Authorization calldata authorization
    ) external nonReentrant returns (bytes32 channelId) {
        Terms memory terms = Terms(authorization.from, payee, token, salt, authorizedSigner);
        require(authorization.nonce == _openNonce(terms, splits), NonceMismatch());
        channelId = _open(terms, deposit);
        _share(channelId, splits);
        _receive(token, deposit, authorization);
    }

    /// @notice Opens a channel for `from`, by its Permit2 signature.
    function openWithPermit2(
        address payee,
        address token,
        uint128 deposit,
        bytes32 salt,
        address authorizedSigner,
        address from,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external nonReentrant returns (bytes32 channelId) {
        channelId = _open(Terms(from, payee, token, salt, authorizedSigner), deposit);
        bytes32 witness = keccak256(abi.encode(CHANNEL_OPEN_WITNESS_TYPEHASH, payee, salt, authorizedSigner));
        _permitted(token, deposit, Permit(from, nonce, deadline, signature), witness, OPEN_WITNESS);
    }

    /// @notice Adds the payer's money, which it approved before.
    function topUp(bytes32 channelId, uint128 additionalDeposit) external nonReentrant onlyPayer(channelId) {
        _topUp(channelId, additionalDeposit, msg.sender);
        _pull(_channels[channelId].token, additionalDeposit);
    }

    /// @notice Adds the money of `from`, by its EIP-3009 signature.
    function topUpWithAuthorization(
        bytes32 channelId,
        uint128 additionalDeposit,
        address from,
        bytes32 topUpSalt,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external nonReentrant {
        bytes32 expected = computeTopUpAuthorizationNonce(channelId, additionalDeposit, from, topUpSalt);
        require(nonce == expected, NonceMismatch());
        _topUp(channelId, additionalDeposit, from);
        address token = _channels[channelId].token;
        _receive(token, additionalDeposit, Authorization(from, validAfter, validBefore, nonce, signature));
    }

    /// @notice Adds the money of `from`, by its Permit2 signature.
    function topUpWithPermit2(
        bytes32 channelId,
        uint128 additionalDeposit,
        address from,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external nonReentrant {
        _topUp(channelId, additionalDeposit, from);
        bytes32 witness = keccak256(abi.encode(CHANNEL_TOP_UP_WITNESS_TYPEHASH, channelId));
        address token = _channels[channelId].token;
        _permitted(token, additionalDeposit, Permit(from, nonce, deadline, signature), witness, TOP_UP_WITNESS);
    }

    /// @notice The EIP-3009 nonce of an opening, as the draft derives it.
    function computeOpenAuthorizationNonce(
        address from,
        address payee,
        address token,
        bytes32 salt,
        address authorizedSigner
    ) external pure returns (bytes32) {
        return _openNonce(Terms(from, payee, token, salt, authorizedSigner));
    }

    /// @notice The EIP-3009 nonce of an opening, as OKX derives it.
    function computeOpenAuthorizationNonce(
        address from,
        address payee,
        address token,
        bytes32 salt,
        address authorizedSigner,
        Split[] calldata splits
    ) external pure returns (bytes32) {
        return _openNonce(Terms(from, payee, token, salt, authorizedSigner), splits);
    }

    /// @notice The EIP-3009 nonce of a top-up.
    function computeTopUpAuthorizationNonce(
        bytes32 channelId,
        uint128 additionalDeposit,
        address from,
        bytes32 topUpSalt
    ) public pure returns (bytes32) {
        return keccak256(abi.encode(channelId, additionalDeposit, from, topUpSalt));
    }

    function _open(Terms memory terms, uint128 deposit) private returns (bytes32 channelId) {
        channelId = computeChannelId(terms.payer, terms.payee, terms.token, terms.salt, terms.authorizedSigner);
        require(_channels[channelId].payer == address(0), ChannelAlreadyExists());
        // Nobody could claim from the one, and the other would pay itself out of what it holds for all.
        require(terms.payee != address(0) && terms.payee != address(this), InvalidPayee());
        // The payer is named by zero, or one agreement would have two ids.
        require(terms.authorizedSigner != terms.payer, InvalidAuthorizedSigner());
        require(deposit > 0, ZeroDeposit());
        _channels[channelId] = Channel({
            finalized: false,
            closeRequestedAt: 0,
            payer: terms.payer,
            payee: terms.payee,
            token: terms.token,
            authorizedSigner: terms.authorizedSigner,
            deposit: deposit,
            settled: 0
        });
        emit ChannelOpened(
            channelId, terms.payer, terms.payee, terms.token, terms.authorizedSigner, terms.salt, deposit
        );
    }

    function _share(bytes32 channelId, Split[] calldata splits) private {
        require(splits.length <= MOST_SPLITS, InvalidSplits());
        uint256 shared = 0;
        for (uint256 i = 0; i < splits.length; i++) {
            Split calldata split = splits[i];
            require(split.recipient != address(0) && split.recipient != address(this), InvalidSplits());
            require(split.bps > 0, InvalidSplits());
            shared += split.bps;
            _splits[channelId].push(split);
        }
        require(shared < WHOLE_BPS, InvalidSplits());
    }

    function _topUp(bytes32 channelId, uint128 additionalDeposit, address from) private {
        Channel storage channel = _live(channelId);
        require(additionalDeposit > 0, ZeroDeposit());
        require(additionalDeposit <= type(uint128).max - channel.deposit, DepositOverflow());
        channel.deposit += additionalDeposit;
        emit TopUp(channelId, channel.payer, channel.payee, additionalDeposit, channel.deposit);
        // Money of anyone else is welcome, but cannot keep the payer from leaving.
        if (from == channel.payer && channel.closeRequestedAt != 0) {
            channel.closeRequestedAt = 0;
            emit CloseRequestCancelled(channelId, channel.payer, channel.payee);
        }
    }

    function _pull(address token, uint128 amount) private receives(token, amount) {
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
    }

    function _receive(address token, uint128 amount, Authorization memory a) private receives(token, amount) {
        IERC3009(token)
            .receiveWithAuthorization(a.from, address(this), amount, a.validAfter, a.validBefore, a.nonce, a.signature);
    }

    function _permitted(address token, uint128 amount, Permit memory permit, bytes32 witness, string memory witnessType)
        private
        receives(token, amount)
    {
        PERMIT2.permitWitnessTransferFrom(
            ISignatureTransfer.PermitTransferFrom({
                permitted: ISignatureTransfer.TokenPermissions({token: token, amount: amount}),
                nonce: permit.nonce,
                deadline: permit.deadline
            }),
            ISignatureTransfer.SignatureTransferDetails({to: address(this), requestedAmount: amount}),
            permit.from,
            witness,
            witnessType,
            permit.signature
        );
    }

    function _openNonce(Terms memory terms) private pure returns (bytes32) {
        return keccak256(abi.encode(terms.payer, terms.payee, terms.token, terms.salt, terms.authorizedSigner));
    }

    function _openNonce(Terms memory terms, Split[] calldata splits) private pure returns (bytes32) {
        address[] memory recipients = new address[](splits.length);
        uint16[] memory bps = new uint16[](splits.length);
        for (uint256 i = 0; i < splits.length; i++) {
            (recipients[i], bps[i]) = (splits[i].recipient, splits[i].bps);
        }
        return keccak256(
            abi.encode(terms.payer, terms.payee, terms.token, terms.salt, terms.authorizedSigner, recipients, bps)
        );
    }
}
