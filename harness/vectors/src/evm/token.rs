//! Authorizations of an EIP-3009 token.

use conform402_wire::typed_data::Types;
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::deployment::{Deployment, lower};
use crate::operation::Operation;
use crate::signed::{Example, signed_struct};

const TRANSFER: [(&str, &str); 1] = [(
    "TransferWithAuthorization",
    "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce",
)];

const RECEIVE: [(&str, &str); 1] = [("ReceiveWithAuthorization", TRANSFER[0].1)];

const CANCEL: [(&str, &str); 1] = [("CancelAuthorization", "address authorizer,bytes32 nonce")];

pub(crate) fn operations() -> Vec<Operation> {
    let transfer = signed_struct!(
        "evm.transfer",
        "a TransferWithAuthorization",
        TRANSFER,
        |cases: &mut Cases| {
            cases.source(
            "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
            "EIP-3009, \"Specification\"",
        )
        },
        |at: &Deployment| moved(at, &TRANSFER, &lower(at.key("payee").address()))
    );
    let receive = signed_struct!(
        "evm.receive",
        "a ReceiveWithAuthorization, by which a deposit is pulled into the escrow",
        RECEIVE,
        |cases: &mut Cases| {
            cases.source(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
            "EIP-3009, \"Specification\"",
        )
        },
        |at: &Deployment| moved(at, &RECEIVE, &lower(at.escrow))
    );
    let cancel = signed_struct!(
        "evm.cancel",
        "a CancelAuthorization",
        CANCEL,
        |cases: &mut Cases| cases.source(
            "CancelAuthorization(address authorizer,bytes32 nonce)",
            "EIP-3009, \"Specification\"",
        ),
        cancelled
    );
    [transfer, receive, cancel].concat()
}

fn moved(at: &Deployment, types: &'static Types, to: &str) -> Example {
    let from = at.address_of("payer");
    let message = |value: &str, after: &str, before: &str, nonce: &str| -> Value {
        json!({
            "from": from,
            "to": to,
            "value": value,
            "validAfter": after,
            "validBefore": before,
            "nonce": format!("0x{}", nonce.repeat(32)),
        })
    };
    let forever = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    let signer = at.key("payer");
    let checksummed = |mut message: Value| {
        message["from"] = signer.address().to_checksum(None).into();
        message
    };
    Example {
        types,
        domain: at.token_domain(),
        message: message("10000", "1", "1893456000", "a4"),
        others: vec![
            (
                "valid-at-once",
                "validAfter is 0, as most payers write it.",
                message("10000", "0", "1893456000", "a4"),
            ),
            ("a-unit", "The smallest amount.", message("1", "0", "1893456000", "a5")),
            (
                "past-64-bits",
                "An amount that no 64-bit integer holds.",
                message("18446744073709551616", "0", "1893456000", "a6"),
            ),
            (
                "past-a-double",
                "An amount that a double rounds.",
                message("9007199254740993", "0", "1893456000", "a7"),
            ),
            (
                "everything",
                "2^256 − 1, as amount and as end.",
                message(forever, "0", forever, "a8"),
            ),
            (
                "leading-zeros",
                "A nonce whose leading zeros a big integer drops.",
                message("10000", "0", "1893456000", "00"),
            ),
            (
                "checksummed",
                "An address with the capitals of EIP-55.",
                checksummed(message("10000", "0", "1893456000", "a9")),
            ),
        ],
        signer,
    }
}

fn cancelled(at: &Deployment) -> Example {
    let signer = at.key("payer");
    let message = |nonce: &str| json!({ "authorizer": lower(signer.address()), "nonce": format!("0x{}", nonce.repeat(32)) });
    Example {
        types: &CANCEL,
        domain: at.token_domain(),
        message: message("a4"),
        others: vec![
            ("zero", "The nonce zero, which is a nonce like others.", message("00")),
            ("ones", "The highest nonce.", message("ff")),
        ],
        signer,
    }
}
