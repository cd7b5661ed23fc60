//! The view for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use conform402_vectors::catalogue;
use owo_colors::OwoColorize as _;

use super::{CheckReport, Kind, Report, Summary};
use crate::http::Exchange;
use crate::vectors::VectorEvidence;
use crate::verdict::Verdict;

/// Warnings that are shown with their bytes; of more, each gets its reason alone.
const WARNINGS_IN_FULL: usize = 12;

/// Longest header value or body shown; the JSON report has all of it.
const EXCERPT: usize = 160;

impl Report {
    /// The report for a terminal, with colours.
    #[must_use]
    pub fn to_terminal(&self) -> String {
        let mut text = String::new();
        // The gravest last, where a terminal shows them.
        for verdict in [Verdict::Warn, Verdict::Inconclusive, Verdict::Fail] {
            let is_told_apart = |check: &CheckReport| {
                verdict == Verdict::Inconclusive && check.kind == Kind::Vector
            };
            let of = |check: &&CheckReport| check.verdict == verdict && !is_told_apart(check);
            let is_brief = verdict == Verdict::Warn && self.summary.warn > WARNINGS_IN_FULL;
            for check in self.checks.iter().filter(of) {
                describe(&mut text, check, is_brief);
            }
            if verdict == Verdict::Inconclusive {
                self.undecided_vectors(&mut text);
            }
        }
        self.groups_without_control(&mut text);
        self.known_failures(&mut text);
        for id in &self.stale {
            let _ = writeln!(
                text,
                "{} {id}\n     the baseline lists it as a known failure, yet it does not fail\n",
                "STALE".red().bold()
            );
        }
        let tables =
            [("area", self.by_group(Kind::Check)), ("vectors", self.by_group(Kind::Vector))];
        for (heading, groups) in tables.iter().filter(|(_, groups)| !groups.is_empty()) {
            let _ = writeln!(text, "{}\n", table(heading, groups));
        }
        let target = &self.target;
        let profiles: Vec<String> = target.profiles.iter().map(ToString::to_string).collect();
        let profiles = match profiles.as_slice() {
            [] => String::new(),
            profiles => format!(", profiles {}", profiles.join(", ")),
        };
        let _ = writeln!(
            text,
            "{}: {} {} ({}){profiles}; chain {}, seed {}, anvil {}",
            target.name.bold(),
            target.sdk,
            target.version,
            target.language,
            self.testbed.chain_id,
            self.testbed.seed,
            self.testbed.anvil,
        );
        if !target.operations.is_empty() {
            let (declared, known) = (target.operations.len(), catalogue().len());
            let _ = writeln!(
                text,
                "Operations of vectors: {declared} declared, of {known}; {} vectors are not \
                 applicable. `conform402 explain ID` shows a vector with every step.",
                self.vectors_not_applicable
            );
        }
        if self.summary.fail + self.summary.warn > 0 {
            let _ = writeln!(
                text,
                "Long lines are cut, and of many warnings only the reason is shown: --filter ID \
                 shows the bytes of one, a report written with --json FILE has all."
            );
        }
        let _ = writeln!(text, "{}", self.verdict_line());
        text
    }

    fn verdict_line(&self) -> String {
        let Summary { pass, fail, warn, not_applicable, inconclusive, known_failures } =
            self.summary;
        let failed = fail - known_failures;
        let counts = format!(
            "{pass} passed, {failed} failed, {known_failures} known failures, {warn} warnings, \
             {inconclusive} inconclusive, {not_applicable} not applicable"
        );
        match self.exit {
            0 if fail == 0 => format!("{} {counts}", "conforms:".green().bold()),
            0 => format!("{} {counts}", "only known failures:".green().bold()),
            1 => format!("{} {counts}", "does not conform:".red().bold()),
            _ => format!("{} {counts}", "undecided:".yellow().bold()),
        }
    }

    /// One cause may leave thousands of vectors undecided.
    fn undecided_vectors(&self, text: &mut String) {
        let mut reasons: BTreeMap<&str, Vec<&CheckReport>> = BTreeMap::new();
        let undecided = |check: &&CheckReport| {
            let is_vector = check.kind == Kind::Vector;
            is_vector && check.verdict == Verdict::Inconclusive && !check.for_want_of_control
        };
        for check in self.checks.iter().filter(undecided) {
            reasons.entry(check.reason.as_deref().unwrap_or_default()).or_default().push(check);
        }
        for (reason, vectors) in reasons {
            if let [one] = vectors.as_slice() {
                describe(text, one, false);
                continue;
            }
            let mut operations: Vec<&str> = vectors.iter().map(|one| one.group.as_str()).collect();
            operations.dedup();
            let of = match operations.as_slice() {
                [operation] => (*operation).to_owned(),
                operations => format!("{} operations", operations.len()),
            };
            let _ = writeln!(
                text,
                "{} {} vectors of {of}\n     {reason}\n",
                "????".yellow().bold(),
                vectors.len()
            );
        }
    }

    fn groups_without_control(&self, text: &mut String) {
        let mut told: Vec<(&str, &str)> = self
            .checks
            .iter()
            .filter(|check| check.for_want_of_control)
            .map(|check| (check.group.as_str(), check.reason.as_deref().unwrap_or_default()))
            .collect();
        told.dedup();
        for (group, reason) in told {
            let _ = writeln!(
                text,
                "{} {group}: the rest is undecided, {reason}\n",
                "????".yellow().bold()
            );
        }
    }

    fn known_failures(&self, text: &mut String) {
        let mut reasons: Vec<&str> =
            self.checks.iter().filter_map(|check| check.known_failure.as_deref()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for reason in reasons {
            let _ = writeln!(text, "{} {reason}", "KNOWN".magenta().bold());
            let of = |check: &&CheckReport| check.known_failure.as_deref() == Some(reason);
            for check in self.checks.iter().filter(of) {
                let _ = writeln!(text, "     {}", check.id);
            }
            text.push('\n');
        }
    }
}

fn table(heading: &str, groups: &BTreeMap<&str, Summary>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([heading, "pass", "fail", "known", "warn", "inconclusive", "n/a"]);
    for (group, s) in groups {
        let counts = [
            s.pass,
            s.fail - s.known_failures,
            s.known_failures,
            s.warn,
            s.inconclusive,
            s.not_applicable,
        ];
        let cells = counts.iter().map(|n| if *n == 0 { "·".to_owned() } else { n.to_string() });
        table.add_row(std::iter::once((*group).to_owned()).chain(cells));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn describe(text: &mut String, check: &CheckReport, is_brief: bool) {
    let heading = match check.verdict {
        Verdict::Fail if check.known_failure.is_none() => "FAIL".red().bold().to_string(),
        Verdict::Warn => format!("{} ({})", "WARN".yellow().bold(), check.level.word()),
        Verdict::Inconclusive if !check.for_want_of_control => "????".yellow().bold().to_string(),
        _ => return,
    };
    let _ = writeln!(text, "{heading} {}", check.id.bold());
    // A vector's file quotes what its whole operation stands on.
    for source in check.sources.iter().filter(|_| check.kind == Kind::Check) {
        let _ = writeln!(text, "     “{}” — {}", source.quote, source.document);
    }
    if let Some(vector) = &check.vector {
        let _ = writeln!(text, "     {}", vector.comment);
    }
    let _ = writeln!(text, "     {}", check.reason.as_deref().unwrap_or_default());
    if is_brief {
        text.push('\n');
        return;
    }
    if let Some(vector) = &check.vector {
        show_vector(text, vector);
    }
    if let Some(exchange) = check.evidence.exchanges.last() {
        show(text, exchange);
    }
    for entry in &check.evidence.facilitator {
        let _ = writeln!(
            text,
            "     ~ facilitator: {} {}",
            entry.endpoint,
            excerpt(&entry.answer.to_string())
        );
    }
    for movement in &check.evidence.movements {
        let _ = writeln!(text, "     $ {movement}");
    }
    text.push('\n');
}

fn show_vector(text: &mut String, vector: &VectorEvidence) {
    let VectorEvidence { input, expected, answered, bugs, .. } = vector;
    for (flag, hunts) in bugs {
        let _ = writeln!(text, "     {flag}: {hunts}");
    }
    let lines = [
        (">", Some(serde_json::to_string(input))),
        ("=", Some(serde_json::to_string(expected))),
        ("<", answered.as_ref().map(serde_json::to_string)),
    ];
    for (mark, line) in lines.into_iter().filter_map(|(mark, line)| Some((mark, line?))) {
        let _ = writeln!(text, "     {mark} {}", excerpt(&line.unwrap_or_default()));
    }
}

fn show(text: &mut String, exchange: &Exchange) {
    let _ = writeln!(text, "     > {} {}", exchange.request.method, exchange.request.url);
    for (name, value) in &exchange.request.headers {
        let _ = writeln!(text, "     > {name}: {}", excerpt(value));
    }
    if let Some(answer) = &exchange.answer {
        let _ = writeln!(text, "     < {}", answer.status);
        let telling = |name: &str| {
            ["www-authenticate", "payment-receipt", "cache-control", "content-type"].contains(&name)
        };
        for (name, value) in answer.headers.iter().filter(|(name, _)| telling(name)) {
            let _ = writeln!(text, "     < {name}: {}", excerpt(value));
        }
        if !answer.body.is_empty() {
            let _ = writeln!(text, "     < {}", excerpt(&answer.body));
        }
    }
}

fn excerpt(value: &str) -> String {
    let printable: String =
        value.chars().map(|c| if c.is_control() { ' ' } else { c }).take(EXCERPT + 1).collect();
    match printable.char_indices().nth(EXCERPT) {
        None => printable,
        Some((end, _)) => format!("{}…", &printable[..end]),
    }
}
