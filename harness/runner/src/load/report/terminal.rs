//! The view for people.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use owo_colors::OwoColorize as _;

use super::{Figures, Latencies, Load, LoadReport};

impl LoadReport {
    /// The report for a terminal, with colours.
    #[must_use]
    pub fn to_terminal(&self) -> String {
        let mut text = String::new();
        for load in &self.loads {
            let on = channels(load.channels);
            for (kind, count) in &load.target.errors {
                let _ = writeln!(text, "{} on {on}, {count} times: {kind}", "ERROR".red().bold());
            }
            if let Some(failure) = &load.target.failure {
                let _ = writeln!(text, "{} on {on}: {failure}", "FAIL".red().bold());
            }
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{}\n", self.table());
        let of = |load: &Load| format!("{} vouchers on {}", load.vouchers, channels(load.channels));
        let _ = writeln!(
            text,
            "{} rounds of each, in turn; a round is {}.\n\
             vouchers/s is the median of the rounds. Latencies are of all sales: from the first byte\n\
             of the request that presents a voucher to the last of its answer. Challenges were asked\n\
             for, and vouchers signed, before.",
            self.rounds,
            self.loads.iter().map(of).collect::<Vec<_>>().join(", or "),
        );
        let target = &self.target;
        let _ = writeln!(
            text,
            "{}: {} {} ({}); chain {}, seed {}, anvil {}",
            target.name.bold(),
            target.sdk,
            target.version,
            target.language,
            self.testbed.chain_id,
            self.testbed.seed,
            self.testbed.anvil,
        );
        let _ = writeln!(text, "{}", self.verdict_line());
        text
    }

    fn verdict_line(&self) -> String {
        match self.loads.iter().find_map(|load| load.target.complaint()) {
            None => {
                let sold: u64 = self.loads.iter().map(|load| load.target.sold).sum();
                let held = "sells under load:".green().bold().to_string();
                format!("{held} {sold} vouchers bought, and the payee got what was sold")
            }
            Some(complaint) => {
                format!("{} {complaint}", "does not sell under load:".red().bold())
            }
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["channels", "seller", "vouchers/s", "p50 ms", "p95", "p99", "errors"]);
        for load in &self.loads {
            let own = [load.channels.to_string(), self.target.name.clone()];
            table.add_row(own.into_iter().chain(cells(&load.target)));
            let its = [String::new(), "the reference".to_owned()];
            table.add_row(its.into_iter().chain(cells(&load.reference)));
            if let Some(ratio) = &load.ratio {
                let Latencies { p50, p95, p99 } = ratio.latencies;
                let times = [ratio.vouchers_per_second, p50, p95, p99].map(times);
                let head = [String::new(), "ratio".to_owned()];
                table.add_row(head.into_iter().chain(times));
            }
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

fn channels(count: usize) -> String {
    if count == 1 { "1 channel".to_owned() } else { format!("{count} channels") }
}

/// To some three digits.
fn times(ratio: f64) -> String {
    let decimals = match ratio {
        100.0.. => 0,
        10.0.. => 1,
        0.1.. => 2,
        _ => 3,
    };
    format!("× {ratio:.decimals$}")
}

fn cells(figures: &Figures) -> [String; 5] {
    let [p50, p95, p99] = figures.milliseconds.map_or_else(
        || std::array::from_fn(|_| "·".to_owned()),
        |latencies| [latencies.p50, latencies.p95, latencies.p99].map(|ms| format!("{ms:.2}")),
    );
    let errors = match figures.errors.values().sum::<usize>() {
        0 => "·".to_owned(),
        errors => errors.to_string(),
    };
    [format!("{:.0}", figures.vouchers_per_second), p50, p95, p99, errors]
}
