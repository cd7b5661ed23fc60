//! Golden vectors on the command line, and in runs.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::Path;

use common::report::{assert_valid, report, with_verdict};
use common::{Ran, command, conform402, finished, target};
use rstest::rstest;
use serde_json::Value;

/// What [`adapter`] declares, in the order it is asked.
const OPERATIONS: [&str; 4] =
    ["evm.challenge-hash", "mpp.base64url.decode", "mpp.receipt.format", "x402.network.parse"];

/// An adapter that knows the vectors of `operations` by heart, and spoils what
/// it answers: `spoil` is Python that may return another answer than `sound` to
/// the case of an `id`.
fn adapter(folder: &Path, operations: &[&str], spoil: &str) -> String {
    let program = r#"
import http.server, json, os, sys, threading
from spoil import answer
VECTORS, *OPERATIONS = sys.argv[1:]
IDENTITY = {"contract": 1, "name": "t", "sdk": "s", "version": "1", "language": "python",
            "profiles": [], "capabilities": [], "operations": OPERATIONS}
def cases(operation):
    with open(f"{VECTORS}/{operation.replace('.', '/', 1)}.json") as file:
        groups = json.load(file)["groups"]
    return [({**group.get("shared", {}), **case["input"]}, case)
            for group in groups for case in group["cases"]]
CASES = {operation: cases(operation) for operation in OPERATIONS}
def evaluate(operation, value):
    case = next(case for known, case in CASES[operation] if known == value)
    valid = case["result"] == "valid"
    sound = {"output": case["output"]} if valid else {"refusal": case["refusal"]}
    return answer(case["id"], sound)
class Adapter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(answer("identity", IDENTITY))
    def do_POST(self):
        order = json.loads(self.rfile.read(int(self.headers["content-length"])))
        results = [evaluate(order["operation"], value) for value in order["inputs"]]
        self.answer({"results": [result for result in results if result]})
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Adapter)
print(f"conform402-adapter http://127.0.0.1:{server.server_port}", flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
"#;
    let spoil: String = spoil.lines().map(|line| format!("    {line}\n")).collect();
    let spoil =
        format!("import os, threading\n\ndef answer(id, sound):\n{spoil}    return sound\n");
    std::fs::write(folder.join("adapter.py"), program).unwrap();
    std::fs::write(folder.join("spoil.py"), spoil).unwrap();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
    let start =
        format!("exec python3 -B adapter.py {} {}", vectors.display(), operations.join(" "));
    target(folder, &start)
}

/// Adds known failures to the manifest of [`adapter`].
fn known_failures(folder: &Path, ids: &[&str]) {
    let manifest = folder.join("target.toml");
    let ids: Vec<String> = ids.iter().map(|id| format!("{id:?}")).collect();
    let known =
        format!("\n[[known-failure]]\nreason = \"it is old\"\nchecks = [{}]\n", ids.join(", "));
    let text = std::fs::read_to_string(&manifest).unwrap() + &known;
    std::fs::write(manifest, text).unwrap();
}

#[test]
fn a_bug_of_an_operation_fails_the_run_and_is_named() {
    let ran = conform402(&[
        "run",
        "reference",
        "--filter",
        "evm.voucher.verify.*",
        "--fault",
        "evm.voucher.verify:MalleableSignature",
    ]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("FAIL evm.voucher.verify.high-s"), "{}", ran.stdout);
    assert!(ran.stdout.contains("is taken, and must be refused: signature-high-s"));
    assert!(ran.stdout.contains("MalleableSignature: takes a signature with s in the upper half"));
    assert!(ran.stdout.contains("1 failed"));
}

#[rstest]
#[case::unknown_flag("evm.voucher.verify:Nope")]
#[case::unknown_operation("evm.nope:AnySigner")]
fn an_unknown_bug_is_told(#[case] fault: &str) {
    let ran = conform402(&["run", "reference", "--fault", fault]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains(fault) && ran.stderr.contains("<operation>:<Flag>"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_vector_explains_itself() {
    let ran = conform402(&["explain", "evm.challenge-hash.plain"]);
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn generated_vectors_are_sound_and_differ_by_deployment() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (one, again, other) = (path("one"), path("again"), path("other"));
    for (out, chain) in [(&one, "1"), (&again, "1"), (&other, "10")] {
        let ran = conform402(&["vectors", "generate", "--out", out, "--chain-id", chain]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    assert_eq!(conform402(&["vectors", "check", &other]).code, 0);
    let same = conform402(&["vectors", "diff", &one, &again]);
    assert_eq!((same.code, same.stdout.as_str()), (0, "0 added, 0 removed, 0 changed\n"));
    let differ = conform402(&["vectors", "diff", &one, &other]);
    assert_eq!(differ.code, 1);
    assert!(differ.stdout.contains("~ evm.voucher.sign.plain: input, output, steps"));
}

#[rstest]
#[case::no_folder(&["vectors", "check", "/nonexistent"], "/nonexistent")]
#[case::no_address(&["vectors", "generate", "--token", "0x1"], "--token")]
#[case::no_chain(&["vectors", "generate", "--chain-id", "0"], "chain id 0")]
#[case::no_realm(&["vectors", "generate", "--realm", ""], "the realm is empty")]
fn bad_input_is_told(#[case] arguments: &[&str], #[case] told: &str) {
    let ran = conform402(arguments);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

/// Whoever refuses everything, takes everything or crashes fails; an adapter
/// that does not answer as it must is no verdict on its SDK.
#[rstest]
#[case::refuses_all(r#"return {"refusal": "no"}"#, 1, "is refused, and is valid: no")]
#[case::takes_all(r#"return {"output": {}}"#, 1, "is taken, and must be refused")]
#[case::crashes(r#"return {"crash": "panic"}"#, 1, "crashes: panic")]
#[case::too_few("return None", 2, "answered with 0 results, asked for 1")]
#[case::another_shape(r#"return {"verdict": "ok"}"#, 2, "unknown variant")]
fn answers_are_judged(#[case] spoil: &str, #[case] code: i32, #[case] told: &str) {
    let folder = tempfile::tempdir().unwrap();
    let spoil = format!("if id != 'identity': {spoil}");
    let ran = conform402(&["run", &adapter(folder.path(), &["evm.challenge-hash"], &spoil)]);
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
}

#[test]
fn who_knows_the_vectors_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let ran = conform402(&["run", &adapter(folder.path(), &OPERATIONS, "")]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

/// What breaks the adapter at one input says nothing of the others.
#[rstest]
#[case::hangs("threading.Event().wait()", "no complete answer within 2 s")]
#[case::breaks_off("raise ValueError", "no HTTP answer")]
#[case::another_shape(r#"return {"verdict": "ok"}"#, "unknown variant")]
fn only_the_input_that_breaks_an_adapter_is_undecided(#[case] spoil: &str, #[case] told: &str) {
    let folder = tempfile::tempdir().unwrap();
    let spoil = format!("if id == 'evm.challenge-hash.short-id': {spoil}");
    let target = adapter(folder.path(), &OPERATIONS, &spoil);
    let (code, report) = report(&["run", &target, "--timeout", "2"]);
    assert_eq!(code, 2);
    assert_valid(&report);
    let undecided = with_verdict(&report, "inconclusive");
    assert_eq!(undecided.len(), 1, "{undecided:#?}");
    assert_eq!(undecided[0]["id"], "evm.challenge-hash.short-id");
    assert!(undecided[0]["reason"].as_str().unwrap().contains(told), "{undecided:#?}");
    assert_eq!(report["summary"]["fail"], 0);
}

#[test]
fn an_operation_that_breaks_at_two_inputs_is_given_up_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let spoil = "if 'challenge-hash' in id: raise ValueError";
    let ran = conform402(&["run", &adapter(folder.path(), &OPERATIONS, spoil)]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    let given_up = "???? 8 vectors of evm.challenge-hash\n     not asked, since 2 inputs";
    assert!(ran.stdout.contains(given_up), "{}", ran.stdout);
    assert!(ran.stdout.contains(" 0 failed") && ran.stdout.contains(" 10 inconclusive"));
}

/// What was learned before stays in the report.
#[rstest]
#[case::ends(
    "os._exit(3)",
    "the adapter ended when it was asked for mpp.base64url.decode (exit status: 3)"
)]
#[case::falls_silent(
    "os.environ['STUCK'] = 'yes'",
    "the adapter is silent since it was asked for mpp.base64url.decode"
)]
fn a_target_that_goes_away_leaves_the_rest_undecided(#[case] spoil: &str, #[case] told: &str) {
    let folder = tempfile::tempdir().unwrap();
    let spoil = format!(
        "if id == 'mpp.base64url.decode.plus': {spoil}\n\
         if 'STUCK' in os.environ: threading.Event().wait()"
    );
    let target = adapter(folder.path(), &OPERATIONS, &spoil);
    let (code, report) = report(&["run", &target, "--timeout", "2"]);
    assert_eq!(code, 2);
    assert_valid(&report);
    assert_eq!(with_verdict(&report, "pass").len(), 10);
    let undecided = with_verdict(&report, "inconclusive");
    for operation in &OPERATIONS[1..] {
        let is_of = |vector: &&Value| vector["id"].as_str().unwrap().starts_with(operation);
        assert!(undecided.iter().any(is_of), "{operation}");
    }
    assert_eq!(report["summary"]["fail"], 0);
    for vector in undecided {
        assert!(vector["reason"].as_str().unwrap().contains(told), "{vector:#?}");
    }
}

#[test]
fn a_target_that_hangs_again_and_again_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let spoil = "if id.endswith(('.short-id', '.plus', '.no-method')): threading.Event().wait()";
    let target = adapter(folder.path(), &OPERATIONS, spoil);
    let ran = conform402(&["run", &target, "--timeout", "1"]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    let given_up =
        "not asked, since 3 inputs got no answer in time, the last of mpp.receipt.format";
    assert!(ran.stdout.contains(given_up), "{}", ran.stdout);
}

/// Refusing everything must not be counted as refusing what is wrong, not even
/// where a baseline knows that everything valid is refused.
#[test]
fn who_refuses_all_shows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spoil = "if id != 'identity': return {'refusal': 'no'}";
    let target = adapter(folder.path(), &["evm.challenge-hash"], spoil);
    let valid = ["plain", "short-id", "realm-past-ascii", "empty-realm", "boundary"];
    let ids = valid.map(|name| format!("evm.challenge-hash.{name}"));
    known_failures(folder.path(), &ids.each_ref().map(String::as_str));
    let ran = conform402(&["run", &target]);
    assert!(ran.stdout.contains("0 passed, 0 failed, 5 known failures"), "{}", ran.stdout);
    assert!(ran.stdout.contains("5 inconclusive"), "{}", ran.stdout);
}

#[test]
fn a_known_failure_of_an_undeclared_operation_is_stale() {
    let folder = tempfile::tempdir().unwrap();
    let target = adapter(folder.path(), &["evm.challenge-hash"], "");
    known_failures(folder.path(), &["evm.channel.id.no-delegate"]);
    let ran = conform402(&["run", &target]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("STALE evm.channel.id.no-delegate"), "{}", ran.stdout);
}

#[rstest]
#[case::two_of_one_operation(&["--fault", "evm.channel.id:IgnoresPayer", "--fault", "evm.channel.id:IgnoresSalt"])]
#[case::of_an_operation_that_is_not_run(&["--filter", "amount.*", "--fault", "evm.channel.id:IgnoresPayer"])]
fn an_idle_fault_is_told(#[case] arguments: &[&str]) {
    let ran = conform402(&[&["run", "reference"], arguments].concat());
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("evm.channel.id:Ignores"), "{}", ran.stderr);
}

/// A chain program that is none, to show that no chain is needed.
fn without_a_chain(arguments: &[&str]) -> Ran {
    let mut command = command(arguments);
    finished(command.env("CONFORM402_ANVIL", "/nonexistent").output().unwrap())
}

#[rstest]
#[case::one_vector(&["--filter", "evm.challenge-hash.empty-id"], "1 vectors, 3 flags")]
#[case::one_flag(&["--fault", "evm.challenge-hash:EmptyId"], "10 vectors, 1 flags")]
#[case::flags_of_an_operation(&["--fault", "evm.challenge-hash:*"], "10 vectors, 6 flags")]
#[case::both(&["--filter", "*.empty-id", "--fault", "evm.challenge-hash:*Id"], "1 vectors, 3 flags")]
fn the_kill_matrix_of_vectors_is_narrowed(#[case] arguments: &[&str], #[case] told: &str) {
    let ran = without_a_chain(&[&["kill-matrix"], arguments].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
    assert!(!ran.stdout.contains("checks"), "{}", ran.stdout);
}

#[rstest]
#[case::a_seeded_fault(&["--filter", "evm.challenge-hash.*", "--fault", "shares-*"], "evm.challenge-hash:*")]
#[case::a_flag_no_selected_case_carries(
    &["--filter", "evm.challenge-hash.plain", "--fault", "*:EmptyId"],
    "evm.challenge-hash:*"
)]
#[case::a_flag_of_a_check(&["--filter", "mpp.receipt.an-*", "--fault", "*:EmptyId"], "shares-receipts")]
fn a_fault_that_nothing_selected_can_have_is_told(#[case] arguments: &[&str], #[case] known: &str) {
    let ran = without_a_chain(&[&["kill-matrix"], arguments].concat());
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains(known), "{}", ran.stderr);
}

#[test]
fn the_kill_matrix_leaves_vectors_out_where_only_a_seeded_fault_is_asked_for() {
    let ran = conform402(&[
        "kill-matrix",
        "--filter",
        "mpp.receipt.an-answer-with-a-receipt-is-private",
        "--fault",
        "shares-receipts",
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("× 1 faults") && !ran.stdout.contains("vectors"), "{}", ran.stdout);
}

/// A filter must not remove the valid cases without which a refusal shows
/// nothing.
#[test]
fn a_filter_keeps_the_valid_cases_of_what_must_be_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spoil = "if id != 'identity': return {'refusal': 'no'}";
    let target = adapter(folder.path(), &["evm.challenge-hash"], spoil);
    let (code, report) = report(&["run", &target, "--filter", "evm.challenge-hash.empty-id"]);
    assert_eq!(code, 1);
    assert_eq!((&report["summary"]["pass"], &report["summary"]["fail"]), (&0.into(), &5.into()));
    assert_eq!(with_verdict(&report, "inconclusive").len(), 1);
}

#[test]
fn a_should_only_warns() {
    let folder = tempfile::tempdir().unwrap();
    let spoil = "if id == 'mpp.base64url.decode.plus': return {'output': {'bytes': '0x'}}";
    let target = adapter(folder.path(), &["mpp.base64url.decode"], spoil);
    let ran = conform402(&["run", &target]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("WARN (SHOULD) mpp.base64url.decode.plus"), "{}", ran.stdout);
}

#[test]
fn a_known_failure_is_green_until_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let spoil = "if id == 'evm.challenge-hash.plain': return {'refusal': 'no'}";
    let target = adapter(folder.path(), &["evm.challenge-hash"], spoil);
    known_failures(folder.path(), &["evm.challenge-hash.plain"]);
    let (code, known) = report(&["run", &target]);
    assert_eq!(code, 0);
    assert_valid(&known);
    assert_eq!(with_verdict(&known, "fail")[0]["knownFailure"], "it is old");
    std::fs::write(folder.path().join("spoil.py"), "def answer(id, sound): return sound").unwrap();
    let (code, mended) = report(&["run", &target]);
    assert_eq!(code, 1);
    assert_eq!(mended["stale"][0], "evm.challenge-hash.plain");
}

/// Whom another profile than the chosen one concerns is neither asked, nor
/// missed in the baseline.
#[test]
fn a_profile_narrows_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let operations = ["mpp.base64url.decode", "sa.error.okx-node", "sa.error.okx-rust"];
    let spoil = "if id == 'identity': sound['profiles'] = ['okx-node', 'okx-rust']";
    let target = adapter(folder.path(), &operations, spoil);
    let foreign = ["sa.error.okx-rust.success", "mpp.sa.codes.okx-rust-sees.70000"];
    known_failures(folder.path(), &foreign);
    let filter = "{mpp.base64url.decode,sa.error.*,mpp.sa.codes}.*";
    let (code, report) = report(&["run", &target, "--profile", "okx-node", "--filter", filter]);
    assert_eq!(code, 0, "{report:#}");
    assert_valid(&report);
    let asked = |name: &str| {
        let results = report["checks"].as_array().unwrap().iter();
        let vectors = results.filter(|result| result["kind"] == "vector");
        vectors.filter(|vector| vector["id"].as_str().unwrap().starts_with(name)).count()
    };
    assert!(asked("mpp.base64url.decode.") > 0 && asked("sa.error.okx-node.") > 0);
    assert_eq!(asked("sa.error.okx-rust."), 0);
    let listed = conform402(&["list", "--vectors", "--filter", "sa.error.okx-{rust,python}.*"]);
    assert_eq!(report["vectorsNotApplicable"], listed.stdout.lines().count());
}

#[test]
fn the_report_tells_vectors_from_checks_and_counts_what_does_not_apply() {
    let folder = tempfile::tempdir().unwrap();
    let target = adapter(folder.path(), &["evm.challenge-hash"], "");
    let (_, report) = report(&["run", &target]);
    assert_valid(&report);
    for result in report["checks"].as_array().unwrap() {
        let kind =
            if result["id"].as_str().unwrap().starts_with("evm.") { "vector" } else { "check" };
        assert_eq!(result["kind"], kind, "{result:#}");
    }
    let all = conform402(&["list", "--vectors"]).stdout.lines().count();
    assert_eq!(report["vectorsNotApplicable"], all - 10);
}

#[rstest]
#[case::run("run")]
#[case::kill_matrix("kill-matrix")]
fn the_help_says_that_vectors_keep_their_chain(#[case] command: &str) {
    let ran = conform402(&[command, "--help"]);
    assert!(ran.stdout.contains("vectors keep their own, 196"), "{}", ran.stdout);
}
