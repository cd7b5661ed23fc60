//! What a person sees while a run goes on, on standard error.

use conform402_runner::Verdict;
use conform402_runner::run::Watcher;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar; it stays hidden where standard error is no terminal.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Default for Progress {
    fn default() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }
}

impl Progress {
    /// Removes the bar.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Watcher for Progress {
    fn notice(&self, text: &str) {
        self.0.suspend(|| anstream::eprintln!("{text}"));
    }

    fn planned(&self, checks: usize) {
        self.0.set_length(checks as u64);
    }

    fn concluded(&self, id: &str, verdict: Verdict) {
        self.0.inc(1);
        self.0.set_message(format!("{} {id}", verdict.word()));
    }

    fn measured(&self, what: &str) {
        self.0.inc(1);
        self.0.set_message(what.to_owned());
    }
}
