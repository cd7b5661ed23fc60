//! The escrow judges what is derived and signed over channels.

use alloy::hex;
use alloy::primitives::{B256, U256, keccak256};
use alloy::providers::ext::AnvilApi as _;
use alloy::sol_types::{SolCall, SolError};
use conform402_chain::{Channels, EscrowContract as Escrow};
use conform402_vectors::Expectation;
use conform402_wire::BaseUnits;
use conform402_wire::session::channel::ChannelId;
use conform402_wire::session::voucher::Voucher;
use rstest::rstest;
use serde_json::Value;

use crate::{Bench, Judge, about_the_signature, address, bytes, uint, word};

/// Where the compiler put the record of channels.
const CHANNELS_SLOT: u64 = 2;

fn says<E: SolError>(reason: &str) -> bool {
    reason.contains(&hex::encode(E::SELECTOR))
}

fn splits(input: &Value) -> Option<Vec<Channels::Split>> {
    let splits = input["splits"].as_array()?.iter();
    let split = |split: &Value| {
        let bps = split["bps"].as_u64()?.try_into().ok()?;
        Some(Channels::Split { recipient: split["recipient"].as_str()?.parse().ok()?, bps })
    };
    splits.map(split).collect()
}

impl Bench {
    async fn escrow(&self, call: impl SolCall) -> Result<B256, String> {
        let answer = self.call(self.anyone(), self.deployment.escrow, call).await;
        answer.map(|bytes| B256::from_slice(&bytes))
    }

    /// Holds each valid case against what the escrow derives; returns how many
    /// there were.
    async fn derives<C: SolCall>(
        &self,
        name: &str,
        member: &str,
        call: impl Fn(&Value) -> C,
    ) -> usize {
        let mut judged = 0;
        for (input, case) in self.cases(name) {
            let Expectation::Valid { output } = &case.expectation else { continue };
            let derived = self.escrow(call(&input)).await.unwrap();
            // An id is that of one escrow on one chain.
            let is_here =
                input.get("escrow").is_none_or(|at| address(at) == self.deployment.escrow)
                    && input.get("chainId").is_none_or(|id| *id == self.deployment.chain_id);
            assert_eq!(derived == word(&output[member]), is_here, "{}", case.id);
            judged += 1;
        }
        judged
    }

    /// Writes the channels of an operation's vectors into the escrow, full to
    /// the brim: no terms yield the ids that these have.
    async fn open_channels_of(&self, name: &str) {
        let [payer, payee] = ["payer", "payee"].map(|role| self.deployment.key(role).address());
        let escrow = self.deployment.escrow;
        for (input, _) in self.cases(name) {
            let id = input["message"]["channelId"].as_str().unwrap_or_default();
            let Ok(id) = id.parse::<B256>() else { continue };
            let place = keccak256([id, B256::from(U256::from(CHANNELS_SLOT))].concat());
            let record = [
                U256::from_be_slice(payer.as_slice()) << 72,
                U256::from_be_slice(payee.as_slice()),
                U256::from_be_slice(self.deployment.token.as_slice()),
                U256::ZERO,
                U256::from(u128::MAX),
            ];
            for (offset, value) in record.into_iter().enumerate() {
                let slot = U256::from_be_bytes(place.0) + U256::from(offset);
                self.rpc.anvil_set_storage_at(escrow, slot, value.into()).await.unwrap();
            }
            let channel = self.chain.channel(ChannelId(id)).await.unwrap().unwrap();
            assert!(!channel.finalized && channel.close_requested_at.is_none());
            assert_eq!((channel.payer, channel.payee), (payer, payee));
            assert_eq!(channel.held(), BaseUnits::from(u128::MAX));
        }
    }
}

#[rstest]
#[case(196)]
#[case(31337)]
#[tokio::test]
async fn the_escrow_judges_what_is_derived(#[case] chain_id: u64) {
    let bench = Bench::start(chain_id).await;
    let separator = bench.output("evm.domain.separator.channels");
    let answer = bench.escrow(Escrow::domainSeparatorCall {}).await.unwrap();
    assert_eq!(answer, word(&separator["domainSeparator"]));

    let id = |input: &Value| Escrow::computeChannelIdCall {
        payer: address(&input["payer"]),
        payee: address(&input["payee"]),
        token: address(&input["token"]),
        salt: word(&input["salt"]),
        authorizedSigner: address(&input["authorizedSigner"]),
    };
    assert!(bench.derives("evm.channel.id", "channelId", id).await >= 9);

    let drafted = |input: &Value| Escrow::computeOpenAuthorizationNonce_0Call {
        from: address(&input["from"]),
        payee: address(&input["payee"]),
        token: address(&input["token"]),
        salt: word(&input["salt"]),
        authorizedSigner: address(&input["authorizedSigner"]),
    };
    assert!(bench.derives("evm.open-nonce.ietf", "nonce", drafted).await >= 5);

    let shared = |input: &Value| Escrow::computeOpenAuthorizationNonce_1Call {
        from: address(&input["from"]),
        payee: address(&input["payee"]),
        token: address(&input["token"]),
        salt: word(&input["salt"]),
        authorizedSigner: address(&input["authorizedSigner"]),
        splits: splits(input).unwrap(),
    };
    assert!(bench.derives("evm.open-nonce.okx", "nonce", shared).await >= 11);

    let top_up = |input: &Value| Escrow::computeTopUpAuthorizationNonceCall {
        channelId: word(&input["channelId"]),
        additionalDeposit: uint(&input["additionalDeposit"]).to(),
        from: address(&input["from"]),
        topUpSalt: word(&input["topUpSalt"]),
    };
    assert!(bench.derives("evm.top-up-nonce", "nonce", top_up).await >= 5);

    for name in ["evm.voucher.sign", "evm.voucher.verify"] {
        for (input, case) in bench.cases(name) {
            let Expectation::Valid { .. } = case.expectation else { continue };
            let message = &input["message"];
            let digest = bench.escrow(Escrow::getVoucherDigestCall {
                channelId: word(&message["channelId"]),
                cumulativeAmount: uint(&message["cumulativeAmount"]).to(),
            });
            let expected = word(case.steps.get("digest").unwrap());
            assert_eq!(digest.await.unwrap(), expected, "{}", case.id);
        }
    }
}

/// Shares that leave the payee nothing have no nonce, and open nothing.
#[tokio::test]
async fn the_escrow_judges_splits() {
    let bench = Bench::start(196).await;
    let mut judged = 0;
    for (input, case) in bench.cases("evm.open-nonce.okx") {
        let is_valid = match &case.expectation {
            Expectation::Valid { .. } => true,
            Expectation::Invalid { refusal } => {
                if !["bps-out-of-range", "splits-leave-nothing"].contains(&refusal.0.as_str()) {
                    continue;
                }
                false
            }
        };
        let Some(splits) = splits(&input) else { continue };
        let open = Escrow::open_1Call {
            payee: address(&input["payee"]),
            token: address(&input["token"]),
            deposit: 1,
            salt: word(&input["salt"]),
            authorizedSigner: address(&input["authorizedSigner"]),
            splits,
        };
        // Nobody approved the deposit, which comes last.
        let reason = bench.escrow(open).await.unwrap_err();
        assert_eq!(!says::<Escrow::InvalidSplits>(&reason), is_valid, "{}: {reason}", case.id);
        judged += 1;
    }
    assert!(judged >= 14, "{judged}");
}

#[rstest]
#[case(196)]
#[case(31337)]
#[tokio::test]
async fn the_escrow_judges_what_is_signed(#[case] chain_id: u64) {
    let bench = Bench::start(chain_id).await;
    let escrow = *bench.chain.escrow();
    bench.chain.fund(&[escrow.contract], BaseUnits::from(u128::MAX)).await.unwrap();
    let judge = Judge {
        contract: escrow.contract,
        refuses: says::<Escrow::InvalidSignature>,
        // Who settles nothing has authorized it all the same.
        refuses_besides: says::<Escrow::AmountNotIncreasing>,
        decides: about_the_signature,
    };
    let payee = bench.deployment.key("payee").address();
    let payer = bench.deployment.key("payer");
    let vouchers = "evm.voucher.verify";
    bench.open_channels_of(vouchers).await;
    let settle = |input: &Value| {
        let message = &input["message"];
        let amount = uint(&message["cumulativeAmount"]);
        // The escrow never looks at a voucher of nothing.
        (!amount.is_zero()).then(|| {
            let call = Escrow::settleCall {
                channelId: word(&message["channelId"]),
                cumulativeAmount: amount.to(),
                signature: bytes(&input["signature"]),
            };
            (payee, call)
        })
    };
    let judged = judge.judge(&bench, vouchers, settle).await;
    assert!(judged >= 25, "{judged}");

    let voucher = |message: &Value| {
        let channel = ChannelId(word(&message["channelId"]));
        let cumulative = BaseUnits(uint(&message["cumulativeAmount"]));
        Voucher { channel, cumulative }.sign(&escrow, &payer).unwrap()
    };
    let settle = |input: &Value| {
        let message = &input["message"];
        let call = Escrow::settleWithAuthorizationCall {
            channelId: word(&message["channelId"]),
            cumulativeAmount: uint(&message["cumulativeAmount"]).to(),
            nonce: uint(&message["nonce"]),
            deadline: uint(&message["deadline"]),
            payeeSignature: bytes(&input["signature"]),
            voucherSignature: voucher(message).signature,
        };
        Some((bench.anyone(), call))
    };
    bench.open_channels_of("evm.settle.verify").await;
    let judged = judge.judge(&bench, "evm.settle.verify", settle).await;
    assert!(judged >= 25, "{judged}");

    let close = |input: &Value| {
        let message = &input["message"];
        let call = Escrow::closeWithAuthorizationCall {
            channelId: word(&message["channelId"]),
            cumulativeAmount: uint(&message["cumulativeAmount"]).to(),
            nonce: uint(&message["nonce"]),
            deadline: uint(&message["deadline"]),
            payeeSignature: bytes(&input["signature"]),
            voucherSignature: voucher(message).signature,
        };
        Some((bench.anyone(), call))
    };
    bench.open_channels_of("evm.close.verify").await;
    let judged = judge.judge(&bench, "evm.close.verify", close).await;
    assert!(judged >= 25, "{judged}");
}
