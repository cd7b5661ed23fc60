//! Bindings to the contracts, read from their committed artifacts.

use alloy::primitives::{Address, B256, Bytes, address, b256};
use alloy::sol;
use alloy::sol_types::SolConstructor;
use conform402_wire::eip3009::TokenDomain;

sol!(
    #[allow(missing_docs, clippy::too_many_arguments)]
    #[sol(rpc)]
    Token,
    "../../contracts/artifacts/Token.json"
);

sol!(
    #[allow(missing_docs)]
    #[sol(rpc)]
    Lens,
    "../../contracts/artifacts/Lens.json"
);

sol!(
    #[allow(missing_docs, clippy::too_many_arguments)]
    #[sol(rpc)]
    Escrow,
    "../../contracts/artifacts/Escrow.json"
);

sol!(
    #[allow(missing_docs)]
    SmartWallet,
    "../../contracts/artifacts/SmartWallet.json"
);

sol!(
    #[allow(missing_docs)]
    Impostor,
    "../../contracts/artifacts/Impostor.json"
);

mod permit2 {
    alloy::sol!(
        #[allow(missing_docs)]
        Permit2,
        "../../contracts/artifacts/Permit2.json"
    );
}

/// Uniswap's Permit2, deployed as on every chain: through the CREATE2 factory
/// anvil has from its first block, with Uniswap's salt.
#[derive(Debug)]
pub struct Permit2;

impl Permit2 {
    /// The canonical address.
    pub const ADDRESS: Address = address!("0x000000000022D473030F116dDEE9F6B43aC78BA3");
    pub(crate) const FACTORY: Address = address!("0x4e59b44847b379578588920cA78FbF26c0B4956C");
    pub(crate) const DEPLOY_GAS: u64 = 4_000_000;
    const SALT: B256 = b256!("0x0000000000000000000000000000000000000000d3af2663da51c10215000000");

    /// Salt and init code, as the factory takes them.
    pub(crate) fn factory_input() -> Bytes {
        [Self::SALT.as_slice(), &permit2::Permit2::BYTECODE].concat().into()
    }
}

fn init_code(bytecode: &Bytes, arguments: &impl SolConstructor) -> Bytes {
    [bytecode.as_ref(), &arguments.abi_encode()].concat().into()
}

/// An escrow's init code with its grace period, in seconds.
pub(crate) fn escrow_init_code(grace_period: u64) -> Bytes {
    let arguments = Escrow::constructorCall { closeGracePeriod: grace_period };
    init_code(&Escrow::BYTECODE, &arguments)
}

/// The init code of a wallet that signs by `owner`'s key.
pub(crate) fn wallet_init_code(owner: Address) -> Bytes {
    let arguments = SmartWallet::constructorCall { owner_: owner };
    init_code(&SmartWallet::BYTECODE, &arguments)
}

/// A token's init code with its constructor's arguments.
pub(crate) fn token_init_code(domain: &TokenDomain, decimals: u8) -> Bytes {
    let arguments = Token::constructorCall {
        name_: domain.name.clone(),
        version_: domain.version.clone(),
        symbol_: domain.name.clone(),
        decimals_: decimals,
    };
    init_code(&Token::BYTECODE, &arguments)
}
