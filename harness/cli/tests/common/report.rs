//! JSON reports and their schema.

use std::path::Path;

use serde_json::Value;

use super::conform402;

/// Exit status and JSON report of a run.
pub fn report(arguments: &[&str]) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let ran = conform402(&[arguments, &["--json", file.to_str().unwrap()]].concat());
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let report = serde_json::from_str(&text);
    (ran.code, report.unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr)))
}

/// Fails unless `report` follows the schema of reports.
pub fn assert_valid(report: &Value) {
    assert_follows("report.schema.json", report);
}

/// Fails unless `report` follows this schema.
pub fn assert_follows(schema: &str, report: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runner").join(schema);
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(report)
        .take(5)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The results of `report` with this verdict.
pub fn with_verdict<'a>(report: &'a Value, verdict: &str) -> Vec<&'a Value> {
    let results = report["checks"].as_array().unwrap();
    results.iter().filter(|result| result["verdict"] == verdict).collect()
}
