//! SA error codes, and what a client of each SDK sees of them.
//!
//! The meanings are common to all seeds; statuses and problem types are not,
//! so the table has a column a profile (seed 000, "SA-API error code mapping";
//! seed 002, "SA API error code → PaymentError subclass"). The statuses of
//! `okx-python` and `okx-rust` are those their published packages give the
//! error classes the seeds name.

use std::fmt;

use crate::profile::Profile;

/// A refusal of the SA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SaCode {
    /// 8000.
    Internal,
    /// 70000.
    InvalidParameter,
    /// 70001.
    UnsupportedChain,
    /// 70002.
    PayerBlocked,
    /// 70003: source missing, fee payer against hash mode, hash reused.
    InvalidCredential,
    /// 70004.
    InvalidSignature,
    /// 70005: splits reach the amount.
    SplitSum,
    /// 70006: more than ten splits.
    SplitCount,
    /// 70007.
    NotConfirmed,
    /// 70008.
    ChannelClosed,
    /// 70009: challenge missing or expired.
    InvalidChallenge,
    /// 70010.
    ChannelNotFound,
    /// 70011: the escrow's grace period is too short.
    GracePeriod,
    /// 70012: a voucher past the deposit.
    PastDeposit,
    /// 70013: a voucher too little above the last.
    DeltaTooSmall,
    /// 70014.
    ChannelClosing,
}

/// What the client of a seller sees of one SA code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// HTTP status.
    pub status: u16,
    /// Problem type without its base.
    pub problem: &'static str,
}

impl SaCode {
    /// The codes a charge can meet.
    pub const CHARGE: [Self; 11] = [
        Self::Internal,
        Self::InvalidParameter,
        Self::UnsupportedChain,
        Self::PayerBlocked,
        Self::InvalidCredential,
        Self::InvalidSignature,
        Self::SplitSum,
        Self::SplitCount,
        Self::NotConfirmed,
        Self::ChannelClosed,
        Self::InvalidChallenge,
    ];

    /// The codes that only a session can meet.
    pub const SESSION: [Self; 5] = [
        Self::ChannelNotFound,
        Self::GracePeriod,
        Self::PastDeposit,
        Self::DeltaTooSmall,
        Self::ChannelClosing,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Internal => 8000,
            Self::InvalidParameter => 70000,
            Self::UnsupportedChain => 70001,
            Self::PayerBlocked => 70002,
            Self::InvalidCredential => 70003,
            Self::InvalidSignature => 70004,
            Self::SplitSum => 70005,
            Self::SplitCount => 70006,
            Self::NotConfirmed => 70007,
            Self::ChannelClosed => 70008,
            Self::InvalidChallenge => 70009,
            Self::ChannelNotFound => 70010,
            Self::GracePeriod => 70011,
            Self::PastDeposit => 70012,
            Self::DeltaTooSmall => 70013,
            Self::ChannelClosing => 70014,
        }
    }

    /// The code of a number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::CHARGE.into_iter().chain(Self::SESSION).find(|code| code.number() == number)
    }

    /// What a client sees of this code under `profile`; `None` where sellers ask
    /// no SA.
    #[must_use]
    pub const fn seen(self, profile: Profile) -> Option<Seen> {
        let (status, problem) = match (self, profile) {
            (_, Profile::Ietf) => return None,
            (Self::Internal, Profile::OkxNode) => (402, "verification-failed"),
            (Self::Internal, Profile::OkxPython) => (500, "internal-error"),
            (Self::Internal, Profile::OkxRust) => (500, "service-error"),
            (Self::InvalidParameter, Profile::OkxNode) => (402, "verification-failed"),
            (Self::InvalidParameter, _) => (400, "bad-request"),
            (Self::UnsupportedChain, Profile::OkxNode) => (402, "verification-failed"),
            (Self::UnsupportedChain, Profile::OkxPython) => (500, "internal-error"),
            (Self::UnsupportedChain, Profile::OkxRust) => (422, "unsupported-chain"),
            (Self::PayerBlocked, Profile::OkxNode) => (402, "verification-failed"),
            (Self::PayerBlocked, Profile::OkxPython) => (402, "malformed-credential"),
            (Self::PayerBlocked, Profile::OkxRust) => (403, "payer-blocked"),
            (Self::InvalidCredential, Profile::OkxNode) => (402, "verification-failed"),
            (Self::InvalidCredential, _) => (402, "malformed-credential"),
            (Self::InvalidSignature, _) => (402, "session/invalid-signature"),
            (Self::SplitSum | Self::SplitCount, Profile::OkxNode) => (402, "invalid-payload"),
            (Self::SplitSum | Self::SplitCount, _) => (400, "invalid-split"),
            (Self::NotConfirmed, Profile::OkxNode) => (402, "verification-failed"),
            (Self::NotConfirmed, Profile::OkxPython) => (500, "internal-error"),
            (Self::NotConfirmed, Profile::OkxRust) => (402, "tx-not-confirmed"),
            (Self::ChannelClosed, _) => (410, "session/channel-finalized"),
            // The package says 401, which is never right for a payment
            // (draft-httpauth-payment-00, "Relationship to 401 Unauthorized").
            (Self::InvalidChallenge, Profile::OkxRust) => (402, "payment-expired"),
            (Self::InvalidChallenge, _) => (402, "invalid-challenge"),
            (Self::ChannelNotFound, Profile::OkxRust) => (404, "session/channel-not-found"),
            (Self::ChannelNotFound, _) => (410, "session/channel-not-found"),
            (Self::GracePeriod, Profile::OkxNode) => (402, "invalid-payload"),
            (Self::GracePeriod, Profile::OkxPython) => (500, "internal-error"),
            (Self::GracePeriod, Profile::OkxRust) => (400, "session/invalid-escrow-config"),
            (Self::PastDeposit, _) => (402, "session/amount-exceeds-deposit"),
            (Self::DeltaTooSmall, _) => (402, "session/delta-too-small"),
            (Self::ChannelClosing, Profile::OkxRust) => (409, "session/channel-closing"),
            (Self::ChannelClosing, _) => (410, "session/channel-finalized"),
        };
        Some(Seen { status, problem })
    }
}

impl fmt::Display for SaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// What a client sees of a code that no table has; `None` where nothing is said
/// of these.
#[must_use]
pub const fn seen_of_unknown(profile: Profile) -> Option<Seen> {
    match profile {
        Profile::OkxNode | Profile::Ietf => None,
        Profile::OkxPython => Some(Seen { status: 500, problem: "internal-error" }),
        Profile::OkxRust => Some(Seen { status: 402, problem: "verification-failed" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_distinct_and_read_back() {
        for code in SaCode::CHARGE.into_iter().chain(SaCode::SESSION) {
            assert_eq!(SaCode::from_number(code.number()), Some(code));
        }
    }

    /// The invariants of every dialect of the SA: never a success, and 402 or
    /// 410 where all agree.
    #[test]
    fn profiles_agree_where_they_must() {
        for profile in Profile::ALL.into_iter().filter(|profile| *profile != Profile::Ietf) {
            let status = |code: SaCode| code.seen(profile).unwrap().status;
            assert_eq!(status(SaCode::InvalidSignature), 402);
            assert_eq!(status(SaCode::ChannelClosed), 410);
            assert_eq!(status(SaCode::PastDeposit), 402);
            assert_eq!(status(SaCode::DeltaTooSmall), 402);
            for code in SaCode::CHARGE.into_iter().chain(SaCode::SESSION) {
                assert!(status(code) >= 400);
                assert_ne!(status(code), 401);
            }
        }
    }
}
