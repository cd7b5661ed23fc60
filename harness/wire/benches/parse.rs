//! What a header costs: linear, if the throughput at a thousand bytes is that at
//! eight million.

use conform402_wire::{Challenge, auth_params};
use divan::Bencher;
use divan::counter::BytesCount;

const SIZES: [usize; 4] = [1_000, 12_000, 1_000_000, 8_000_000];

fn main() {
    divan::main();
}

fn parse(bencher: Bencher, field: &str) {
    bencher
        .counter(BytesCount::of_str(field))
        .bench(|| auth_params::parse(divan::black_box(field)));
}

/// An open quoted string of nothing but escapes.
#[divan::bench(args = SIZES)]
fn backslashes(bencher: Bencher, size: usize) {
    parse(bencher, &format!("Payment id=\"{}", "\\".repeat(size)));
}

/// One long value.
#[divan::bench(args = SIZES)]
fn letters(bencher: Bencher, size: usize) {
    parse(bencher, &format!("Payment id=\"{}\"", "a".repeat(size)));
}

/// Separators of a list without elements.
#[divan::bench(args = SIZES)]
fn commas(bencher: Bencher, size: usize) {
    parse(bencher, &",".repeat(size));
}

/// As many challenges as fit.
#[divan::bench(args = SIZES)]
fn challenges(bencher: Bencher, size: usize) {
    parse(bencher, &"Payment id=a, ".repeat(size / 14));
}

/// As many parameters as fit, of which none may occur twice.
#[divan::bench(args = SIZES)]
fn parameters(bencher: Bencher, size: usize) {
    let parameters: String = (0..size / 12).map(|index| format!("p{index:07}=v, ")).collect();
    let field = format!(
        "Payment id=\"i\", realm=\"r\", method=\"evm\", intent=\"charge\", request=\"e30\", {parameters}"
    );
    bencher
        .counter(BytesCount::of_str(&field))
        .bench(|| Challenge::parse_all([divan::black_box(field.as_str())]));
}
