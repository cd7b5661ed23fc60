//! The JSON view, described by `report.schema.json`.

use super::Report;

impl Report {
    /// The report as JSON, indented, with a final newline.
    ///
    /// # Errors
    /// None in practice: everything in a report is JSON already.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}
