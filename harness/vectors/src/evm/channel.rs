//! What is signed over a payment channel.

use conform402_wire::typed_data::Types;
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::deployment::Deployment;
use crate::operation::Operation;
use crate::signed::{Example, signed_struct};

const VOUCHER: [(&str, &str); 1] = [("Voucher", "bytes32 channelId,uint128 cumulativeAmount")];

const AUTHORIZATION: &str =
    "bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline";

const SETTLE: [(&str, &str); 1] = [("SettleAuthorization", AUTHORIZATION)];

const CLOSE: [(&str, &str); 1] = [("CloseAuthorization", AUTHORIZATION)];

pub(crate) fn operations() -> Vec<Operation> {
    let voucher = signed_struct!("evm.voucher", "a voucher", VOUCHER, about_vouchers, vouched);
    let settle = signed_struct!(
        "evm.settle",
        "a SettleAuthorization",
        SETTLE,
        |cases: &mut Cases| {
            cases.source(
            "SettleAuthorization(bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline)",
            "draft-evm-session-00, \"Payee Authorization\"",
        )
        },
        |at: &Deployment| authorized(at, &SETTLE)
    );
    let close = signed_struct!(
        "evm.close",
        "a CloseAuthorization",
        CLOSE,
        |cases: &mut Cases| {
            cases.source(
            "CloseAuthorization(bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline)",
            "draft-evm-session-00, \"Payee Authorization\"",
        )
        },
        |at: &Deployment| authorized(at, &CLOSE)
    );
    [voucher, settle, close].concat()
}

fn about_vouchers(cases: &mut Cases) {
    cases.source(
        "Voucher(bytes32 channelId,uint128 cumulativeAmount)",
        "draft-evm-session-00, \"Signing Procedure\"",
    );
    cases.source(
        "Vouchers use {{EIP-712}} typed structured data signing.",
        "draft-evm-session-00, \"Voucher Signing Format\"",
    );
    cases.source(
        "Encode as a 65-byte `bytes` value: `r (32) || s (32) || v (1)`, where `v` is 27 or 28",
        "draft-evm-session-00, \"Signing Procedure\"",
    );
    cases.source(
        "escrowContract/domainName/domainVersionmust exactly match the on-chain escrow contract's EIP712Domain, otherwise voucher / settle / close signature verification all fail.",
        "OKX Node SDK Reference (seed 002), \"Session - Payment Channel\"",
    );
}

/// 2^128 − 1.
const MOST: &str = "340282366920938463463374607431768211455";

fn channel() -> String {
    format!("0x{}", "c1".repeat(32))
}

fn vouched(at: &Deployment) -> Example {
    let message = |channel: &str, amount: &str| -> Value {
        json!({ "channelId": channel, "cumulativeAmount": amount })
    };
    let with_zeros = format!("0x{}{}", "00".repeat(4), "c1".repeat(28));
    Example {
        types: &VOUCHER,
        domain: at.channel_domain(),
        message: message(&channel(), "250000"),
        others: vec![
            (
                "nothing",
                "An amount of zero, as the first voucher of a channel may have.",
                message(&channel(), "0"),
            ),
            (
                "past-64-bits",
                "An amount that no 64-bit integer holds.",
                message(&channel(), "18446744073709551616"),
            ),
            (
                "past-a-double",
                "An amount that a double rounds.",
                message(&channel(), "9007199254740993"),
            ),
            ("most", "2^128 − 1, the highest amount.", message(&channel(), MOST)),
            (
                "leading-zeros",
                "A channel id whose leading zeros a big integer drops.",
                message(&with_zeros, "250000"),
            ),
            (
                "upper-case",
                "A channel id in upper case: the same bytes.",
                message(&channel().replace('c', "C"), "250001"),
            ),
        ],
        signer: at.key("payer"),
    }
}

fn authorized(at: &Deployment, types: &'static Types) -> Example {
    let message = |amount: &str, nonce: &str, deadline: &str| -> Value {
        json!({
            "channelId": channel(),
            "cumulativeAmount": amount,
            "nonce": nonce,
            "deadline": deadline,
        })
    };
    // A UUID as an integer, and the deadline that never comes, as two SDKs sign.
    let uuid = "113059749145936325402354257176981405696";
    let never = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    Example {
        types,
        domain: at.channel_domain(),
        message: message("250000", "7", "1893456000"),
        others: vec![
            (
                "uuid-nonce",
                "A nonce of 128 bits, as a UUID gives, and no deadline.",
                message("250000", uuid, never),
            ),
            ("wide-nonce", "A nonce of 256 bits.", message("250000", never, "1893456000")),
            ("nothing", "Nothing to settle.", message("0", "7", "1893456000")),
            ("most", "2^128 − 1, the highest amount.", message(MOST, "7", "1893456000")),
        ],
        signer: at.key("payee"),
    }
}
