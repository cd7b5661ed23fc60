//! Targets that do not start, die, talk nonsense or mean harm. None may hang
//! or fell the harness, and none of it may look green.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use common::{Ran, conform402, target};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const CHECK: &str = "mpp.challenge.an-unpaid-request-is-answered-402";

#[rstest]
#[case::no_such_program("exec nonsense-402", "nonsense-402")]
#[case::ends_at_once("echo out of luck >&2; exit 3", "out of luck")]
#[case::closes_its_output("exec 1>&-; echo mute >&2; cat", "mute")]
#[case::listens_elsewhere("echo conform402-adapter http://192.0.2.1:80; cat", "not loopback")]
#[case::dies_midway(
    "echo conform402-adapter http://127.0.0.1:1; echo last words; exit 1",
    "last words"
)]
#[case::nobody_listens("echo conform402-adapter http://127.0.0.1:1; cat", "/conform402/identity")]
fn a_target_that_does_not_come_up(#[case] start: &str, #[case] told: &str) {
    let folder = tempfile::tempdir().unwrap();
    let ran = conform402(&["run", &target(folder.path(), start)]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

#[rstest]
#[case::no_toml("start = ", "target.toml")]
#[case::no_start("setup = [\"x\"]", "start")]
#[case::unknown_key("start = [\"x\"]\ncapabilities = []", "capabilities")]
#[case::failure_without_reason(
    "start = [\"x\"]\n[[known-failure]]\nreason = \" \"\nchecks = [\"a\"]",
    "reason"
)]
#[case::failure_of_no_check(
    "start = [\"x\"]\n[[known-failure]]\nreason = \"r\"\nchecks = [\"a\"]",
    "no check and no vector is called"
)]
#[case::failing_setup(
    "setup = [\"sh\", \"-c\", \"echo no compiler; exit 1\"]\nstart = [\"x\"]",
    "no compiler"
)]
#[case::missing_program("start = [\"./missing\"]", "./missing")]
fn a_manifest_that_cannot_be_used(#[case] manifest: &str, #[case] told: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("target.toml"), manifest).unwrap();
    let ran = conform402(&["run", folder.path().to_str().unwrap()]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

/// An anvil that says nothing must not make the harness wait for ever.
#[test]
fn an_anvil_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = folder.path().join("anvil");
    std::fs::write(&anvil, "#!/bin/sh\nexit 1\n").unwrap();
    let mut command = common::command(&["run", "reference"]);
    let ran = common::finished(command.env("CONFORM402_ANVIL", &anvil).output().unwrap());
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("CONFORM402_ANVIL"), "{}", ran.stderr);
}

#[tokio::test]
async fn declared_and_refused_is_not_green() {
    let refuse = |Json(mount): Json<Value>| async move {
        let path = mount["offers"][0]["path"].clone();
        Json(json!({"refused": [{"path": path, "reason": "not today"}]}))
    };
    let routes = Router::new()
        .route("/conform402/identity", get(|| async { Json(identity()) }))
        .route("/conform402/mounts", post(refuse));
    let ran = run_served_by(routes).await;
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("not today"), "{}", ran.stdout);
}

fn identity() -> Value {
    json!({
        "contract": 1, "name": "hostile", "sdk": "hostile", "version": "0", "language": "rust",
        "profiles": ["okx-node"], "capabilities": ["charge"],
    })
}

/// Runs one check against a router that also speaks the adapter's contract.
async fn run_against(identity: Value, routes: Router) -> Ran {
    let adapter = Router::new()
        .route("/conform402/identity", get(move || async move { Json(identity) }))
        .route("/conform402/mounts", post(|| async { Json(json!({"refused": []})) }))
        .merge(routes);
    run_served_by(adapter).await
}

/// Runs one check against a router that is the whole adapter.
async fn run_served_by(adapter: Router) -> Ran {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, adapter).await });
    run_at(&address.to_string()).await
}

async fn run_at(address: &str) -> Ran {
    let start = format!("echo conform402-adapter http://{address}; cat");
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        conform402(&["run", &target(folder.path(), &start), "--filter", CHECK, "--timeout", "2"])
    })
    .await
    .unwrap()
}

#[rstest]
#[case::another_contract(json!({"contract": 2}), "speaks contract 2")]
#[case::unknown_capability({ let mut i = identity(); i["capabilities"] = json!(["charge", "fly"]); i }, "fly")]
#[case::no_object(json!("hello"), "speaks contract null")]
#[tokio::test]
async fn an_identity_that_is_none(#[case] identity: Value, #[case] told: &str) {
    let ran = run_against(identity, Router::new()).await;
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

#[tokio::test]
async fn a_target_that_declares_nothing_is_not_green() {
    let mut identity = identity();
    identity["capabilities"] = json!([]);
    let ran = run_against(identity, Router::new()).await;
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("1 not applicable"), "{}", ran.stdout);
}

async fn endless_body() -> Response {
    let chunks =
        futures::stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b'x'; 65_536])));
    Response::new(Body::from_stream(chunks))
}

async fn redirect_loop() -> (StatusCode, [(header::HeaderName, &'static str); 1]) {
    (StatusCode::FOUND, [(header::LOCATION, "/loop")])
}

#[rstest]
#[case::endless_body(Router::new().fallback(endless_body), "exceeds 1048576 bytes")]
#[case::redirect_loop(Router::new().fallback(redirect_loop), "answered 302")]
#[tokio::test]
async fn a_hostile_target_only_fails_its_checks(#[case] routes: Router, #[case] told: &str) {
    let ran = run_against(identity(), routes).await;
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
}

/// More headers than any server library sends.
fn many_headers() -> String {
    format!("HTTP/1.1 402 Payment Required\r\n{}\r\n", "x-hostile: yes\r\n".repeat(100_000))
}

/// Speaks just enough HTTP to be asked for an offer, and then misbehaves in
/// ways a server library does not allow.
#[rstest]
#[case::slow_drip(
    "HTTP/1.1 402 Payment Required\r\ncontent-length: 1000\r\n\r\n",
    true,
    "no complete answer within 2 s"
)]
#[case::cut_off(
    "HTTP/1.1 402 Payment Required\r\ncontent-length: 1000\r\n\r\nxyz",
    false,
    "no HTTP answer"
)]
#[case::not_http("220 mail.example ESMTP\r\n", false, "no HTTP answer")]
#[case::nothing("", false, "no HTTP answer")]
#[case::many_headers(&many_headers(), false, "no HTTP answer")]
#[tokio::test]
async fn bytes_that_are_no_answer(#[case] bytes: &str, #[case] drips: bool, #[case] told: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let bytes: Arc<str> = bytes.into();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let mut request = vec![0; 65_536];
                let read = stream.read(&mut request).await.unwrap();
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                let body = if request.contains("/conform402/identity") {
                    identity().to_string()
                } else if request.contains("/conform402/mounts") {
                    json!({"refused": []}).to_string()
                } else {
                    let _ = stream.write_all(bytes.as_bytes()).await;
                    while drips && stream.write_all(b"x").await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                    return;
                };
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all((head + &body).as_bytes()).await;
            });
        }
    });
    let ran = run_at(&address).await;
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
}

#[tokio::test]
async fn a_mount_that_is_none_is_ours_and_shows_the_log() {
    let routes = Router::new().route("/conform402/identity", get(|| async { Json(identity()) }));
    let ran = run_served_by(routes).await;
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("/conform402/mounts"), "{}", ran.stdout);
    assert!(ran.stderr.contains("Last lines of the adapter's log"), "{}", ran.stderr);
}
