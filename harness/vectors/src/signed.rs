//! Structs that are signed under EIP-712: two operations each, `sign` and
//! `verify`, and the cases every one of them needs.
//!
//! A negative case of `verify` is signed after it was changed: the signature is
//! a good one, of another message, under another domain, or by another key, so
//! that only this is wrong with it.

use alloy::hex;
use alloy::primitives::{Address, B256, U256};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use conform402_wire::signature::{InvalidSignature, ORDER, recover, with_high_s};
use conform402_wire::typed_data::{StructHash, Types, digest, hash_domain, hash_struct};
use serde_json::{Value, json};

use crate::cases::Cases;
use crate::change::{other_than, with, without};
use crate::deployment::lower;
use crate::input::{Input, capitalized, kebab};
use crate::operation::{Bug, Refusal, Steps, refuse};

/// Signs `message` of `types`: input `domain`, `message`, `privateKey`; output
/// `signature`.
pub(crate) fn sign(types: &Types, input: &Input<'_>, steps: &mut Steps) -> Result<Value, Refusal> {
    let digest = hash(types, input, steps)?;
    let key = private_key(input)?;
    let signature = sign_digest(&key, &digest);
    record_signature(steps, &signature);
    steps.record("signer", lower(key.address()));
    Ok(json!({ "signature": hex::encode_prefixed(&signature) }))
}

/// Verifies a signature of `message`: input `domain`, `message`, `signature`,
/// `signer`; output `signer`.
pub(crate) fn verify(
    types: &Types,
    input: &Input<'_>,
    steps: &mut Steps,
) -> Result<Value, Refusal> {
    let digest = hash(types, input, steps)?;
    let signature = input.bytes("signature")?;
    let expected = input.address("signer")?;
    record_signature(steps, &signature);
    let signer = recovered(&digest, &signature)?;
    steps.record("recovered", lower(signer));
    if signer == expected { Ok(json!({ "signer": lower(signer) })) } else { refuse("other-signer") }
}

/// Who signed `digest`.
pub(crate) fn recovered(digest: &B256, signature: &[u8]) -> Result<Address, Refusal> {
    recover(digest, signature).map_err(|invalid| {
        Refusal::new(match invalid {
            InvalidSignature::Length(_) => "signature-length",
            InvalidSignature::Parity(_) => "signature-parity",
            InvalidSignature::Scalar => "signature-scalar",
            InvalidSignature::HighS => "signature-high-s",
            InvalidSignature::NoPoint => "signature-no-point",
        })
    })
}

/// The key of the input's `privateKey`.
pub(crate) fn private_key(input: &Input<'_>) -> Result<PrivateKeySigner, Refusal> {
    let key = input.bytes32("privateKey")?;
    PrivateKeySigner::from_bytes(&key).map_err(|_| Refusal::new("private-key-is-no-scalar"))
}

/// 65 bytes, deterministic (RFC 6979) and with a low `s`.
#[expect(clippy::expect_used, reason = "a local key signs every hash")]
pub(crate) fn sign_digest(key: &PrivateKeySigner, digest: &B256) -> Vec<u8> {
    key.sign_hash_sync(digest).expect("a signature").as_bytes().to_vec()
}

fn hash(types: &Types, input: &Input<'_>, steps: &mut Steps) -> Result<B256, Refusal> {
    let domain = hash_domain(input.object("domain")?.value())?;
    record_domain(steps, &domain);
    let message = hash_struct(types, input.object("message")?.value())?;
    steps.record("encodedType", message.encoded_type);
    steps.record("typeHash", message.type_hash.to_string());
    steps.record("encodedData", hex::encode_prefixed(message.encoded_data));
    steps.record("structHash", message.hash.to_string());
    let digest = digest(&domain.hash, &message.hash);
    steps.record("digest", digest.to_string());
    Ok(digest)
}

/// Records how a domain separator comes about.
pub(crate) fn record_domain(steps: &mut Steps, domain: &StructHash) {
    steps.record("encodedDomainType", domain.encoded_type.clone());
    steps.record("domainTypeHash", domain.type_hash.to_string());
    steps.record("encodedDomain", hex::encode_prefixed(&domain.encoded_data));
    steps.record("domainSeparator", domain.hash.to_string());
}

/// Records the parts of a signature, where it has them.
pub(crate) fn record_signature(steps: &mut Steps, signature: &[u8]) {
    if signature.len() == 65 {
        steps.record("r", hex::encode_prefixed(&signature[..32]));
        steps.record("s", hex::encode_prefixed(&signature[32..64]));
        steps.record("v", signature[64]);
    }
}

/// The two operations of a struct: `$name.sign` and `$name.verify`. `$about`
/// names the sources, `$example` makes an [`Example`].
macro_rules! signed_struct {
    ($name:literal, $what:literal, $types:expr, $about:expr, $example:expr) => {
        [
            $crate::operation::Operation {
                name: concat!($name, ".sign"),
                evaluate: |input, steps| $crate::signed::sign(&$types, input, steps),
                describe: |cases| {
                    cases.summary(concat!("The EIP-712 signature of ", $what, "."));
                    $about(cases);
                    $example(&cases.deployment).sign_cases(cases);
                },
            },
            $crate::operation::Operation {
                name: concat!($name, ".verify"),
                evaluate: |input, steps| $crate::signed::verify(&$types, input, steps),
                describe: |cases| {
                    cases.summary(concat!(
                        "Whether an EIP-712 signature is the signer's: of ",
                        $what,
                        "."
                    ));
                    $about(cases);
                    $example(&cases.deployment).verify_cases(cases);
                },
            },
        ]
    };
}
pub(crate) use signed_struct;

/// A message that is signed, with other values for each of its members.
pub(crate) struct Example {
    pub types: &'static Types,
    pub domain: Value,
    /// Who signs.
    pub signer: PrivateKeySigner,
    /// An ordinary message.
    pub message: Value,
    /// Further messages, each with the name and comment of its case.
    pub others: Vec<(&'static str, &'static str, Value)>,
}

/// A leaf of a message: where it is, and its type.
struct Leaf {
    path: String,
    kind: String,
}

impl Leaf {
    /// In the name of a case: `permitted.0.amount` as `permitted-0-amount`.
    fn kebab(&self) -> String {
        kebab(&self.path).replace('/', "-").trim_start_matches('-').to_owned()
    }

    fn member(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// `Cumulative`-case of the path, for the name of a flag.
    fn pascal(&self) -> String {
        self.path.split('/').map(capitalized).collect()
    }
}

/// Every leaf of `message`, in the order of the types.
fn leaves(types: &Types, name: &str, message: &Value, path: &str) -> Vec<Leaf> {
    let members = types.iter().find(|(known, _)| *known == name).map_or("", |(_, m)| *m);
    let mut found = Vec::new();
    for member in members.split(',') {
        let Some((kind, name)) = member.trim().split_once(' ') else { continue };
        let path = format!("{path}/{name}");
        let element = kind.trim_end_matches("[]");
        let is_struct = types.iter().any(|(known, _)| *known == element);
        let elements: Vec<String> = match message.pointer(&path) {
            Some(Value::Array(elements)) => {
                (0..elements.len()).map(|index| format!("{path}/{index}")).collect()
            }
            _ => vec![path],
        };
        for path in elements {
            if is_struct {
                found.extend(leaves(types, element, message, &path));
            } else {
                found.push(Leaf { path, kind: element.to_owned() });
            }
        }
    }
    found
}

/// Another value of the same type.
fn another(kind: &str, value: &Value) -> Value {
    let text = value.as_str().unwrap_or_default();
    match kind {
        "address" => flip_last_digit(text).into(),
        "bytes32" => flip_last_digit(text).into(),
        "string" => format!("{text}x").into(),
        _ => {
            let units = text.parse::<U256>().unwrap_or_default();
            let other = if units.is_zero() { U256::from(1) } else { units - U256::from(1) };
            other.to_string().into()
        }
    }
}

fn flip_last_digit(text: &str) -> String {
    let (head, last) = text.split_at(text.len() - 1);
    format!("{head}{}", if last == "0" { "1" } else { "0" })
}

/// The zero of a type.
fn zero(kind: &str) -> Value {
    match kind {
        "address" => format!("0x{}", "0".repeat(40)).into(),
        "bytes32" => format!("0x{}", "0".repeat(64)).into(),
        "string" => "".into(),
        _ => "0".into(),
    }
}

fn set(value: &mut Value, pointer: &str, to: Value) {
    if let Some(place) = value.pointer_mut(pointer) {
        *place = to;
    }
}

impl Example {
    fn leaves(&self) -> Vec<Leaf> {
        leaves(self.types, self.types[0].0, &self.message, "")
    }

    fn digest(&self, domain: &Value, message: &Value) -> B256 {
        let domain = hash_domain(domain).map(|hashed| hashed.hash);
        let message = hash_struct(self.types, message).map(|hashed| hashed.hash);
        match (domain, message) {
            (Ok(domain), Ok(message)) => digest(&domain, &message),
            _ => B256::ZERO,
        }
    }

    fn signature(&self, domain: &Value, message: &Value, key: &PrivateKeySigner) -> Vec<u8> {
        sign_digest(key, &self.digest(domain, message))
    }

    fn all_messages(&self) -> impl Iterator<Item = (&'static str, &'static str, &Value)> {
        let first = ("plain", "An ordinary message.", &self.message);
        std::iter::once(first).chain(self.others.iter().map(|(n, c, m)| (*n, *c, m)))
    }

    /// Flags of what is hashed: each member of message and domain forgotten.
    fn hashing_flags(&self, cases: &mut Cases) {
        for leaf in self.leaves() {
            let (pointer, zero) = (format!("/message{}", leaf.path), zero(&leaf.kind));
            // A member that a protocol fixes to zero cannot be ignored.
            if self.all_messages().all(|(.., m)| m.pointer(&leaf.path) == Some(&zero)) {
                continue;
            }
            let name = leaf.path.trim_start_matches('/').replace('/', ".");
            cases.flag(
                format!("Ignores{}", leaf.pascal()),
                format!("hashes {name} as zero, so that a signature holds for every {name}"),
                Bug::misreads(move |input| set(input, &pointer, zero.clone())),
            );
        }
        let domain_flags: [(&str, &str, &str, Value); 4] = [
            ("IgnoresDomainName", "name", "takes a constant for the domain's name", "".into()),
            (
                "IgnoresDomainVersion",
                "version",
                "takes a constant for the domain's version",
                "".into(),
            ),
            (
                "IgnoresChainId",
                "chainId",
                "leaves the chain id zero, so that a signature can be replayed on another chain",
                0.into(),
            ),
            (
                "IgnoresContract",
                "verifyingContract",
                "leaves the verifying contract zero, so that a signature holds for every contract",
                zero("address"),
            ),
        ];
        for (flag, member, hunts, constant) in domain_flags {
            if self.domain.get(member).is_some() {
                let pointer = format!("/domain/{member}");
                cases.flag(
                    flag,
                    hunts,
                    Bug::misreads(move |input| set(input, &pointer, constant.clone())),
                );
            }
        }
    }

    /// How messages are written, for either operation.
    fn forms(&self, cases: &mut Cases) {
        let types: Vec<String> =
            self.types.iter().map(|(name, members)| format!("{name}({members})")).collect();
        cases.rule(format!("Types: {}.", types.join(" ")));
        rule_of_forms(cases);
        cases.rule("The domain's chainId is a JSON integer. A domain without version has none in its type either.");
        cases.rule("Steps: encodedDomain and encodedData are what follows the type hash.");
    }

    /// Messages that fit no type, for either operation.
    fn misfits(&self, cases: &mut Cases, signature: Option<&[u8]>) {
        let mut first_integer = true;
        let input = |message: Value| match signature {
            None => json!({ "message": message }),
            Some(signature) => {
                json!({ "message": message, "signature": hex::encode_prefixed(signature) })
            }
        };
        for leaf in self.leaves() {
            let (name, member) = (leaf.kebab(), kebab(leaf.member()));
            let member = if member.parse::<usize>().is_ok() { name.clone() } else { member };
            let kind = &leaf.kind;
            let broken: Vec<(&str, String, Value)> = match kind.as_str() {
                "address" => vec![(
                    "short",
                    "A byte short.".to_owned(),
                    format!("0x{}", "11".repeat(19)).into(),
                )],
                "bytes32" => vec![(
                    "short",
                    "A byte short; padding it on either side gives another word.".to_owned(),
                    format!("0x{}", "11".repeat(31)).into(),
                )],
                "string" => Vec::new(),
                integer => {
                    let bits = integer.trim_start_matches("uint").parse().unwrap_or(256);
                    let past = past_the_range(bits);
                    let mut broken = vec![
                        ("past-the-range", format!("2^{bits}, which wraps to zero."), past.into()),
                        ("negative", "Below zero.".to_owned(), "-1".into()),
                    ];
                    // How an integer is read does not depend on the member.
                    if std::mem::take(&mut first_integer) {
                        broken.extend([
                            ("leading-zero", "A leading zero.".to_owned(), "01".into()),
                            ("hexadecimal", "Hexadecimal.".to_owned(), "0x1".into()),
                            ("fraction", "No integer.".to_owned(), "1.0".into()),
                            (
                                "as-number",
                                "A JSON number, which not every reader keeps exact.".to_owned(),
                                1.into(),
                            ),
                            ("empty", "No digits.".to_owned(), "".into()),
                        ]);
                    }
                    broken
                }
            };
            for (what, comment, value) in broken {
                cases.invalid(
                    format!("{name}-{what}"),
                    comment,
                    input(with(&self.message, &leaf.path, value)),
                    format!("{member}-is-no-{kind}"),
                );
            }
        }
        let first = self.types[0].1.split(',').next_back().unwrap_or_default();
        if let Some((_, member)) = first.trim().split_once(' ') {
            let name = kebab(member);
            cases.invalid(
                format!("{name}-missing"),
                "A member is absent; nothing may stand in for it.",
                input(without(&self.message, member)),
                format!("{name}-is-missing"),
            );
        }
    }

    /// The cases of `sign`.
    pub fn sign_cases(&self, cases: &mut Cases) {
        self.forms(cases);
        cases.rule("The signature is r ‖ s ‖ v, deterministic (RFC 6979), with low s and v of 27 or 28. A key of zero, or not below the group's order, signs nothing.");
        self.hashing_flags(cases);
        self.misfit_flag(cases);
        cases.flag(
            "ParityOfZeroOrOne",
            "writes v as 0 or 1, which ecrecover does not take",
            Bug::miswrites(|output| {
                if let Some(Value::String(text)) = output.get_mut("signature") {
                    let v = if text.ends_with("1b") { "00" } else { "01" };
                    text.replace_range(text.len() - 2.., v);
                }
            }),
        );
        let key = hex::encode_prefixed(self.signer.to_bytes());
        cases.group(json!({ "domain": self.domain, "privateKey": key }));
        for (name, comment, message) in self.all_messages() {
            cases.valid(name, comment, json!({ "message": message }));
        }
        self.misfits(cases, None);
        cases.flag(
            "AnyKey",
            "signs with what is no key, such as one reduced modulo the group's order",
            Bug::forgets(&["private-key-is-no-scalar", "private-key-is-no-bytes32"]),
        );
        cases.group(json!({ "domain": self.domain, "message": self.message }));
        for (name, comment, key) in [
            ("key-zero", "Zero is no key.", U256::ZERO),
            ("key-order", "The group's order is no key.", ORDER),
        ] {
            let key = hex::encode_prefixed(key.to_be_bytes::<32>());
            cases.invalid(name, comment, json!({ "privateKey": key }), "private-key-is-no-scalar");
        }
    }

    fn misfit_flag(&self, cases: &mut Cases) {
        cases.flag(
            "TakesMisfits",
            "cuts, pads, wraps or defaults a member that does not fit its type, and so hashes another message than it was given",
            Bug::forgets_all(|reason| {
                !reason.starts_with("private-key")
                    && (reason.ends_with("-is-missing") || reason.contains("-is-no-"))
            }),
        );
    }

    /// The cases of `verify`.
    pub fn verify_cases(&self, cases: &mut Cases) {
        let other_key = cases.deployment.key("stranger");
        let signer = lower(self.signer.address());
        self.forms(cases);
        cases.rule("The signature is r ‖ s ‖ v of 65 bytes, with low s and v of 27 or 28; no other form is taken.");
        cases.rule("Whose signature it is decides, not whether it is one.");
        self.hashing_flags(cases);
        self.misfit_flag(cases);
        cases.flag(
            "AnySigner",
            "recovers a signer and does not compare it: every well-formed signature passes",
            Bug::forgets(&["other-signer"]),
        );
        signature_flags(cases);
        cases.group(json!({ "domain": self.domain, "signer": signer }));
        let signed = |message: &Value, signature: &[u8]| json!({ "message": message, "signature": hex::encode_prefixed(signature) });
        for (name, comment, message) in self.all_messages() {
            let signature = self.signature(&self.domain, message, &self.signer);
            cases.valid(name, comment, signed(message, &signature));
        }
        for leaf in self.leaves() {
            let value = self.message.pointer(&leaf.path).cloned().unwrap_or_default();
            let other = with(&self.message, &leaf.path, another(&leaf.kind, &value));
            let signature = self.signature(&self.domain, &other, &self.signer);
            cases.invalid(
                format!("signed-with-another-{}", leaf.kebab()),
                "A good signature by the right key, of a message that differs in this member.",
                signed(&self.message, &signature),
                "other-signer",
            );
        }
        let other = |member: &str, usual: &str, spare: &str| {
            other_than(&self.domain[member], usual.into(), spare.into())
        };
        let others: [(&str, &str, Value); 4] = [
            ("name", "domain-name", other("name", "Another", "Other")),
            ("version", "domain-version", other("version", "402", "403")),
            ("chainId", "chain", (cases.deployment.chain_id + 1).into()),
            ("verifyingContract", "contract", lower(other_key.address()).into()),
        ];
        for (member, name, value) in others {
            if self.domain.get(member).is_some() {
                let domain = with(&self.domain, &format!("/{member}"), value);
                let signature = self.signature(&domain, &self.message, &self.signer);
                cases.invalid(
                    format!("signed-for-another-{name}"),
                    "A good signature by the right key, under a domain that differs in this member.",
                    signed(&self.message, &signature),
                    "other-signer",
                );
            }
        }
        let strange = self.signature(&self.domain, &self.message, &other_key);
        cases.invalid(
            "signed-by-another-key",
            "A good signature of the right message by a stranger.",
            signed(&self.message, &strange),
            "other-signer",
        );
        let good = self.signature(&self.domain, &self.message, &self.signer);
        for (name, comment, signature, reason) in broken_signatures(&good) {
            cases.invalid(name, comment, signed(&self.message, &signature), reason);
        }
        self.misfits(cases, Some(&good));
    }
}

fn past_the_range(bits: usize) -> String {
    if bits == 256 {
        // 2^256, which no U256 holds.
        return "115792089237316195423570985008687907853269984665640564039457584007913129639936"
            .to_owned();
    }
    (U256::from(1) << bits).to_string()
}

/// How inputs write what is hashed.
pub(crate) fn rule_of_forms(cases: &mut Cases) {
    cases.rule("Integers are decimal strings without sign, point or leading zero, within the range of their type. Addresses and words are 0x and 40 or 64 hexadecimal digits in either case; the checksum of EIP-55 is not asked for, and steps have small letters. What does not fit is refused, unknown members are ignored.");
}

/// Flags of signatures that are none.
pub(crate) fn signature_flags(cases: &mut Cases) {
    cases.flag(
        "MalleableSignature",
        "takes a signature with s in the upper half, so that anyone makes a second one from the first",
        Bug::forgets(&["signature-high-s"]),
    );
    cases.flag(
        "OtherLength",
        "takes a signature that is not 65 bytes: compact (EIP-2098), without v, or with bytes to spare",
        Bug::forgets(&["signature-length"]),
    );
    cases.flag(
        "OtherParity",
        "takes a v other than 27 and 28",
        Bug::forgets(&["signature-parity"]),
    );
    cases.flag(
        "NoScalar",
        "takes an r or s of zero, or of the group's order; ecrecover answers the zero address for these",
        Bug::forgets(&["signature-scalar"]),
    );
}

/// Every way to break a good signature in its form, with the reason of its
/// refusal.
pub(crate) fn broken_signatures(
    good: &[u8],
) -> Vec<(&'static str, &'static str, Vec<u8>, &'static str)> {
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.to_vec();
        change(&mut bytes);
        bytes
    };
    let part = |range: std::ops::Range<usize>, value: U256| {
        changed(&|bytes| bytes[range.clone()].copy_from_slice(&value.to_be_bytes::<32>()))
    };
    let parity = |v: u8| changed(&|bytes| bytes[64] = v);
    let compact = changed(&|bytes| {
        bytes[32] |= (bytes[64] - 27) << 7;
        bytes.truncate(64);
    });
    let high = with_high_s(&good.to_vec().into()).to_vec();
    vec![
        ("high-s", "The malleable twin: s is n − s, and v is flipped.", high, "signature-high-s"),
        ("r-zero", "r is zero.", part(0..32, U256::ZERO), "signature-scalar"),
        ("s-zero", "s is zero.", part(32..64, U256::ZERO), "signature-scalar"),
        ("r-order", "r is the group's order.", part(0..32, ORDER), "signature-scalar"),
        ("s-order", "s is the group's order.", part(32..64, ORDER), "signature-scalar"),
        (
            "v-unshifted",
            "v is 0 or 1, as some libraries write it.",
            parity(good[64] - 27),
            "signature-parity",
        ),
        ("v-26", "v is 26.", parity(26), "signature-parity"),
        ("v-29", "v is 29.", parity(29), "signature-parity"),
        ("v-30", "v is 30.", parity(30), "signature-parity"),
        (
            "v-eip155",
            "v carries chain 1, as in a transaction.",
            parity(good[64] + 10),
            "signature-parity",
        ),
        ("compact", "64 bytes, as EIP-2098 writes them.", compact, "signature-length"),
        ("a-byte-more", "66 bytes.", changed(&|bytes| bytes.push(0)), "signature-length"),
        ("empty", "No bytes.", Vec::new(), "signature-length"),
    ]
}
