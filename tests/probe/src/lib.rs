//! A proxy-wasm module for tests. It makes the host calls that a script lists, and answers with
//! their results.
//!
//! The header `script` of a request contains steps, separated by `;`. The module pauses the
//! request, just as Portcullis pauses a request that waits for keys. On its next tick, the root
//! context runs the script, and answers the request with a JSON array that has one element per
//! step. A misspelt step makes the module trap. A request without a script passes, because it is
//! meant for another module.
#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a trap fails the test that caused it"
)]

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    mem,
    time::Duration,
};

use proxy_wasm::{
    hostcalls,
    traits::{Context, HttpContext, RootContext},
    types::{Action, ContextType, LogLevel, MapType, Status},
};

proxy_wasm::main! {{ proxy_wasm::set_root_context(|_| Box::new(Root::default())); }}

thread_local! {
    /// The scripts in this VM that wait for a tick.
    static ARRIVED: RefCell<Vec<Run>> = const { RefCell::new(Vec::new()) };
    /// True once this VM has run a script with the step `once`.
    static PLAYED: Cell<bool> = const { Cell::new(false) };
}

struct Stream(u32);

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let headers = hostcalls::get_map(MapType::HttpRequestHeaders).unwrap();
        let Some(script) = headers.iter().find(|(name, _)| name == "script") else {
            return Action::Continue;
        };
        let steps = script.1.split(';').map(str::to_owned).collect();
        let (stream, answers) = (self.0, Vec::new());
        let run = Run {
            stream,
            headers,
            steps,
            answers,
        };
        ARRIVED.with_borrow_mut(|arrived| arrived.push(run));
        Action::Pause
    }
}

#[derive(Default)]
struct Root {
    configuration: Vec<u8>,
    ticked: bool,
    calls: BTreeMap<u32, Run>,
}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        self.configuration = self.get_plugin_configuration().unwrap_or_default();
        self.set_tick_period(Duration::from_millis(5));
        true
    }

    fn on_tick(&mut self) {
        if !mem::replace(&mut self.ticked, true) {
            hostcalls::log(LogLevel::Info, "ticking").unwrap();
        }
        ARRIVED.take().into_iter().for_each(|run| self.play(run));
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream(context)))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, headers: usize, _: usize, _: usize) {
        let mut run = self.calls.remove(&token).unwrap();
        let status = (headers > 0).then(|| self.get_http_call_response_header(":status").unwrap());
        run.answers.push(status.unwrap_or_else(|| "null".into()));
        self.play(run);
    }
}

impl Root {
    /// Runs the remaining steps of a script. Then answers the request that contained the script, if
    /// that request is still open.
    fn play(&mut self, mut run: Run) {
        while let Some(step) = run.steps.pop_front() {
            let answer = match step.split_whitespace().collect::<Vec<_>>()[..] {
                ["configuration"] => format!("{:?}", self.configuration),
                // Makes an HTTP call. The result is the status of the response, or null if there is
                // no response. The script continues when the call has ended.
                ["call", cluster, milliseconds] => match call(cluster, number(milliseconds)) {
                    Ok(token) => return drop(self.calls.insert(token, run)),
                    Err(refused) => status(Err(refused)),
                },
                // Logs the context ID of this request, and stops the script. The request then waits
                // until another script answers it.
                ["wait"] => {
                    let line = format!("waiting {}", run.stream);
                    return hostcalls::log(LogLevel::Info, &line).unwrap();
                }
                // Lets the request continue, and skips the rest of the script.
                ["go"] => {
                    hostcalls::set_effective_context(run.stream).unwrap();
                    return hostcalls::resume_http_request().unwrap();
                }
                ref words => run.answer_to(words),
            };
            run.answers.push(answer);
        }
        if hostcalls::set_effective_context(run.stream).is_ok() {
            run.respond().unwrap();
        }
    }
}

/// A script that is running.
struct Run {
    stream: u32,
    headers: Vec<(String, String)>,
    steps: VecDeque<String>,
    answers: Vec<String>,
}

impl Run {
    fn answer_to(&mut self, step: &[&str]) -> String {
        match *step {
            ["set", key, value, cas] => status(hostcalls::set_shared_data(
                key,
                Some(value.as_bytes()),
                Some(number(cas)),
            )),
            // Returns the value in hexadecimal digits; null if the key is missing.
            ["hex", key] => match hostcalls::get_shared_data(key).unwrap() {
                (Some(value), _) => format!("\"{}\"", hex(&value)),
                (None, _) => "null".into(),
            },
            ["overwrite", key, value] => {
                status(hostcalls::set_shared_data(key, Some(&octets(value)), None))
            }
            ["empty", key] => status(hostcalls::set_shared_data(key, None, None)),
            // Returns the value and its version; null if the key is missing.
            ["get", key] => match hostcalls::get_shared_data(key).unwrap() {
                (_, None) => "null".into(),
                (None, Some(version)) => format!("[\"\",{version}]"),
                (Some(value), Some(version)) => format!("[\"{}\",{version}]", value.escape_ascii()),
            },
            ["context"] => self.stream.to_string(),
            ["effective", context] => status(hostcalls::set_effective_context(number(context))),
            // Selects the context of the request that contained the script. A script needs this
            // step if another context is selected.
            ["own"] => status(hostcalls::set_effective_context(self.stream)),
            ["respond"] => status(self.respond()),
            ["header", wanted] => {
                let lines = self.headers.iter().filter(|(name, _)| name == wanted);
                format!("{:?}", lines.map(|(_, value)| value).collect::<Vec<_>>())
            }
            // Returns a property's bytes; null if the property is missing. `/` separates the
            // segments of the property's path.
            ["property", path] => match hostcalls::get_property(path.split('/').collect()) {
                Ok(Some(value)) => format!("{value:?}"),
                Ok(None) => "null".into(),
                Err(refused) => status(Err(refused)),
            },
            ["state", key, value] => {
                status(hostcalls::set_property(vec![key], Some(value.as_bytes())))
            }
            ["foreign", name] => status(hostcalls::call_foreign_function(name, None).map(drop)),
            // Calls a foreign function and returns its result. The script writes the argument in
            // hexadecimal.
            ["ask", name, arguments] => {
                let arguments = octets(arguments);
                match hostcalls::call_foreign_function(name, Some(&arguments)) {
                    Ok(bytes) => format!("{:?}", bytes.unwrap_or_default()),
                    Err(refused) => status(Err(refused)),
                }
            }
            ["replace", name, value] => {
                let headers = MapType::HttpRequestHeaders;
                status(hostcalls::set_map_value(headers, name, Some(value)))
            }
            // Returns true the first time that this VM runs the step `once`. After that, returns
            // false and skips the remaining steps of the script.
            ["once"] => {
                let first = !PLAYED.replace(true);
                self.steps.retain(|_| first);
                first.to_string()
            }
            _ => panic!("no such step: {step:?}"),
        }
    }

    /// Answers the request of the current context with the results so far.
    fn respond(&self) -> Result<(), Status> {
        let json = format!("[{}]", self.answers.join(","));
        hostcalls::send_http_response(200, Vec::new(), Some(json.as_bytes()))
    }
}

fn call(cluster: &str, milliseconds: u32) -> Result<u32, Status> {
    let headers = vec![(":method", "GET"), (":path", "/"), (":authority", cluster)];
    let timeout = Duration::from_millis(milliseconds.into());
    hostcalls::dispatch_http_call(cluster, headers, None, Vec::new(), timeout)
}

fn octets(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(str::from_utf8);
    let octets = pairs.map(|pair| u8::from_str_radix(pair.unwrap(), 16));
    octets.map(Result::unwrap).collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn number(word: &str) -> u32 {
    word.parse().unwrap()
}

fn status(outcome: Result<(), Status>) -> String {
    format!("\"{:?}\"", outcome.err().unwrap_or(Status::Ok))
}
