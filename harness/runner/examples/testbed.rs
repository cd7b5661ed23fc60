//! Prints how long a testbed takes to be ready.

use std::time::Instant;

use conform402_chain::{AnvilBinary, ChainOptions, Seed};
use conform402_runner::Testbed;

const ROUNDS: usize = 5;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let anvil = AnvilBinary::find(|notice| eprintln!("{notice}")).await?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let testbed =
            Testbed::start(&anvil, ChainOptions { chain_id: 196, seed: Seed::default() }).await?;
        times.push(begun.elapsed());
        drop(testbed);
    }
    times.sort();
    println!(
        "the testbed, median of {ROUNDS}                {:.2} s",
        times[ROUNDS / 2].as_secs_f64()
    );
    Ok(())
}
