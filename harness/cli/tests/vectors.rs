//! Golden vectors on the command line, and in runs.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{conform402, target};
use rstest::rstest;

/// An adapter that declares `evm.challenge-hash` and answers each input with
/// `result`, or answers nothing at all.
fn adapter(folder: &std::path::Path, result: &str) -> String {
    let program = r#"
import http.server, json, sys, threading
RESULT = json.load(open("result.json"))
class Adapter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({"contract": 1, "name": "t", "sdk": "s", "version": "1", "language": "python",
                     "profiles": [], "capabilities": [], "operations": ["evm.challenge-hash"]})
    def do_POST(self):
        order = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.answer({"results": [RESULT] * len(order["inputs"])} if RESULT else {"results": []})
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
    std::fs::write(folder.join("adapter.py"), program).unwrap();
    std::fs::write(folder.join("result.json"), result).unwrap();
    target(folder, "exec python3 adapter.py")
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
#[case::no_chain(&["vectors", "generate", "--chain-id", "0"], "--chain-id")]
#[case::a_chain_past_doubles(&["vectors", "generate", "--chain-id", "18446744073709551615"], "--chain-id")]
fn bad_input_is_told(#[case] arguments: &[&str], #[case] told: &str) {
    let ran = conform402(arguments);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

/// Whoever refuses everything, takes everything or crashes fails; an adapter
/// that does not answer as it must is no verdict on its SDK.
#[rstest]
#[case::refuses_all(r#"{"refusal": "no"}"#, 1, "is refused, and is valid: no")]
#[case::takes_all(r#"{"output": {}}"#, 1, "is taken, and must be refused")]
#[case::crashes(r#"{"crash": "panic"}"#, 1, "crashes: panic")]
#[case::too_few("null", 2, "0 results for 10 inputs")]
#[case::another_shape(r#"{"verdict": "ok"}"#, 2, "unknown variant")]
fn answers_are_judged(#[case] result: &str, #[case] code: i32, #[case] told: &str) {
    let folder = tempfile::tempdir().unwrap();
    let ran = conform402(&["run", &adapter(folder.path(), result)]);
    let all = ran.stdout + &ran.stderr;
    assert_eq!(ran.code, code, "{all}");
    assert!(all.contains(told), "{all}");
}

/// Refusing everything must not be counted as refusing what is wrong, not even
/// where a baseline knows that everything valid is refused.
#[test]
fn who_refuses_all_shows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = adapter(folder.path(), r#"{"refusal": "no"}"#);
    let valid = ["plain", "short-id", "realm-past-ascii", "empty-realm", "boundary"];
    let ids: Vec<String> =
        valid.iter().map(|name| format!("\"evm.challenge-hash.{name}\"")).collect();
    let manifest = folder.path().join("target.toml");
    let known = format!("\n[[known-failure]]\nreason = \"r\"\nchecks = [{}]\n", ids.join(", "));
    let text = std::fs::read_to_string(&manifest).unwrap() + &known;
    std::fs::write(&manifest, text).unwrap();
    let ran = conform402(&["run", &target]);
    assert!(ran.stdout.contains("0 passed, 0 failed, 5 known failures"), "{}", ran.stdout);
    assert!(ran.stdout.contains("5 inconclusive"), "{}", ran.stdout);
}

#[test]
fn a_known_failure_of_an_undeclared_operation_is_stale() {
    let folder = tempfile::tempdir().unwrap();
    let target = adapter(folder.path(), r#"{"refusal": "no"}"#);
    let manifest = folder.path().join("target.toml");
    let known = "\n[[known-failure]]\nreason = \"r\"\nchecks = [\"evm.channel.id.no-delegate\"]\n";
    let text = std::fs::read_to_string(&manifest).unwrap() + known;
    std::fs::write(&manifest, text).unwrap();
    let ran = conform402(&["run", &target]);
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
