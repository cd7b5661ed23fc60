//! Recovering who signed a voucher, with either of alloy's backends.

use alloy::primitives::{Address, B256, Signature, keccak256};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use conform402_wire::signature;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

fn signed() -> (B256, Signature) {
    let digest = keccak256("a voucher");
    #[expect(clippy::unwrap_used, reason = "this hash is a key, and a key signs")]
    let signature =
        PrivateKeySigner::from_bytes(&keccak256("payer")).unwrap().sign_hash_sync(&digest).unwrap();
    (digest, signature)
}

/// What this crate uses: the checks a contract makes, then libsecp256k1.
#[divan::bench]
fn wire(bencher: Bencher) {
    let (digest, signature) = signed();
    let bytes = signature.as_bytes();
    bencher.bench(|| signature::recover(black_box(&digest), black_box(&bytes)));
}

/// libsecp256k1, in C.
#[divan::bench]
fn secp256k1(bencher: Bencher) {
    let (digest, signature) = signed();
    bencher.bench(|| black_box(&signature).recover_address_from_prehash(black_box(&digest)));
}

/// k256, in Rust.
#[divan::bench]
fn k256(bencher: Bencher) {
    let (digest, signature) = signed();
    bencher.bench(|| {
        let key = black_box(&signature).recover_from_prehash(black_box(&digest));
        key.map(|key| Address::from_public_key(&key))
    });
}
