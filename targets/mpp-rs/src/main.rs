//! The functions of the Rust SDK `mpp` as a conform402 target.

mod operations;

use std::any::Any;
use std::error::Error;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::thread;

use operations::{OPERATIONS, Operation};
use serde::Deserialize;
use serde_json::{Value, json};
use tiny_http::{Header, Method, Request, Response, Server};

#[derive(Deserialize)]
struct Evaluations {
    operation: String,
    inputs: Vec<Value>,
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let server = Server::http("127.0.0.1:0")?;
    println!("conform402-adapter http://{}", server.server_addr());
    thread::spawn(exit_when_stdin_closes);
    for mut request in server.incoming_requests() {
        let answer = answer(&mut request);
        respond(request, answer)?;
    }
    Ok(())
}

fn exit_when_stdin_closes() {
    // An error ends the input, too.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    process::exit(0);
}

fn answer(request: &mut Request) -> Result<Option<Value>, Box<dyn Error>> {
    Ok(match (request.method(), request.url()) {
        (Method::Get, "/conform402/identity") => Some(identity()),
        (Method::Post, "/conform402/evaluations") => {
            Some(evaluations(serde_json::from_reader(request.as_reader())?)?)
        }
        _ => None,
    })
}

fn respond(request: Request, answer: Result<Option<Value>, Box<dyn Error>>) -> io::Result<()> {
    let (status, body) = match answer {
        Ok(Some(value)) => (200, value.to_string()),
        Ok(None) => (404, String::new()),
        Err(error) => (500, error.to_string()),
    };
    let mut response = Response::from_string(body).with_status_code(status);
    if status == 200
        && let Ok(header) = Header::from_bytes("content-type", "application/json")
    {
        response.add_header(header);
    }
    request.respond(response)
}

fn identity() -> Value {
    json!({
        "contract": 1,
        "name": "mpp-rs",
        "sdk": "mpp",
        "version": mpp::VERSION,
        "language": "rust",
        "profiles": [],
        "capabilities": [],
        "operations": OPERATIONS.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
    })
}

fn evaluations(order: Evaluations) -> Result<Value, Box<dyn Error>> {
    let (_, operation) =
        OPERATIONS.iter().find(|(name, _)| *name == order.operation).ok_or("not declared")?;
    let results: Vec<_> =
        order.inputs.into_iter().map(|given| evaluate(*operation, given)).collect();
    Ok(json!({ "results": results }))
}

fn evaluate(operation: Operation, given: Value) -> Value {
    match panic::catch_unwind(AssertUnwindSafe(|| operation(given))) {
        Ok(Ok(output)) => json!({ "output": output }),
        Ok(Err(refusal)) => json!({ "refusal": refusal.to_string() }),
        Err(panic) => json!({ "crash": words(&*panic) }),
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(words), _) => words,
        (_, Some(words)) => words,
        _ => "a panic without words",
    }
}
