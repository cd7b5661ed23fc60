//! The reference target: an MPP seller that keeps every promise the suites
//! ask for, unless told to break one.

mod adapter;
mod answer;
mod challenge;
mod channels;
mod escrow;
mod fault;
mod sa;
mod seller;
mod shop;
mod store;

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;

use clap::Parser;
use conform402_wire::adapter::READY;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use crate::shop::Shop;

/// A correct seller that can be told to break.
#[derive(Debug, Parser)]
struct Arguments {
    /// A fault every offer has; may be given several times
    #[arg(long = "fault", value_name = "NAME")]
    faults: Vec<String>,
    /// List the faults and exit
    #[arg(long)]
    list_faults: bool,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    if arguments.list_faults {
        let mut faults: Vec<_> = fault::catalogue().collect();
        faults.sort_by_key(|fault| fault.name);
        let mut out = std::io::stdout().lock();
        for fault in faults {
            // Whoever reads it may have seen enough.
            if writeln!(out, "{:40} {}", fault.name, fault.summary).is_err() {
                break;
            }
        }
        return Ok(());
    }
    if let Some(unknown) = arguments
        .faults
        .iter()
        .find(|name| !fault::catalogue().any(|fault| fault.name == name.as_str()))
    {
        eprintln!("unknown fault {unknown:?}; --list-faults names them all");
        std::process::exit(2);
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{READY}http://{}", listener.local_addr()?);
    let shop = Arc::new(Shop::new(arguments.faults));
    let service = adapter::router(shop);
    tokio::select! {
        served = async { axum::serve(listener, service).await } => served,
        () = standard_input_closed() => Ok(()),
    }
}

/// The harness keeps the pipe open as long as it lives.
async fn standard_input_closed() {
    let mut buffer = [0; 256];
    while tokio::io::stdin().read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}
