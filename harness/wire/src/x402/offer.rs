//! Which of a server's offers a client accepted.

use serde_json::Value;

/// The members of an offer that say what is paid, to whom, and how.
pub const TERMS: [&str; 5] = ["scheme", "network", "amount", "asset", "payTo"];

/// Every member in which `accepted` contradicts `offer`: a term that differs,
/// or `extra` where a key of the server has another value. Keys the client adds
/// are its own; a key it leaves out is no contradiction, since the server goes
/// on with its own offer.
#[must_use]
pub fn contradictions(offer: &Value, accepted: &Value) -> Vec<&'static str> {
    let mut found: Vec<&'static str> =
        TERMS.into_iter().filter(|term| !same(term, offer.get(term), accepted.get(term))).collect();
    let members = offer.get("extra").and_then(Value::as_object).into_iter().flatten();
    let other = |(key, value): (&String, &Value)| {
        accepted.get("extra").and_then(|extra| extra.get(key)).is_some_and(|theirs| theirs != value)
    };
    if members.into_iter().any(other) {
        found.push("extra");
    }
    found
}

/// The first of `offers` that `accepted` does not contradict.
#[must_use]
pub fn position(offers: &[Value], accepted: &Value) -> Option<usize> {
    offers.iter().position(|offer| contradictions(offer, accepted).is_empty())
}

fn same(term: &str, ours: Option<&Value>, theirs: Option<&Value>) -> bool {
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return false };
    let addresses = matches!(term, "asset" | "payTo");
    match (ours.as_str(), theirs.as_str()) {
        // The capitals of an EVM address are a checksum; elsewhere, as on
        // Solana, they tell one account from another.
        (Some(ours), Some(theirs)) if addresses && is_evm(ours) => {
            ours.eq_ignore_ascii_case(theirs)
        }
        _ => ours == theirs,
    }
}

fn is_evm(address: &str) -> bool {
    address
        .strip_prefix("0x")
        .is_some_and(|digits| digits.len() == 40 && digits.bytes().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn offer() -> Value {
        json!({
            "scheme": "exact", "network": "eip155:196", "amount": "10000",
            "asset": format!("0x{}", "aB".repeat(20)), "payTo": format!("0x{}", "cd".repeat(20)),
            "extra": {"name": "USD₮0", "version": "1"},
        })
    }

    #[rstest]
    #[case(|_: &mut Value| {}, &[])]
    #[case(|a: &mut Value| a["extra"]["sessionCert"] = json!("x"), &[])]
    #[case(|a: &mut Value| a["extra"] = Value::Null, &[])]
    #[case(|a: &mut Value| a["asset"] = json!(format!("0x{}", "Ab".repeat(20))), &[])]
    #[case(|a: &mut Value| a["amount"] = json!("010000"), &["amount"])]
    #[case(|a: &mut Value| a["amount"] = json!(10000), &["amount"])]
    #[case(|a: &mut Value| a["payTo"] = Value::Null, &["payTo"])]
    #[case(|a: &mut Value| a["extra"]["version"] = json!("2"), &["extra"])]
    fn compares(#[case] change: fn(&mut Value), #[case] found: &[&str]) {
        let mut accepted = offer();
        change(&mut accepted);
        assert_eq!(contradictions(&offer(), &accepted), found);
    }

    #[test]
    fn other_alphabets_keep_their_capitals() {
        let mut offer = offer();
        offer["asset"] = json!("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v");
        let mut accepted = offer.clone();
        accepted["asset"] = json!("epjfwdd5aufqssqem2qn1xzybapc8g4weggkzwytdt1v");
        assert_eq!(position(&[offer.clone()], &accepted), None);
        assert_eq!(position(&[offer.clone()], &offer), Some(0));
    }
}
