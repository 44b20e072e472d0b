//! The stand-in's server as a process of its own, and a client that sees what really came.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_preventio");
const SERVE: [&str; 4] = ["standin", "serve", "--listen", "127.0.0.1:0"];

/// A server that ends with the test.
pub(crate) struct Served {
    child: Child,
    address: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    head: String,
    pub(crate) text: String,
}

impl Heard {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(is, _)| is.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The JSON of an answer that must have this status.
    #[track_caller]
    pub(crate) fn with(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }
}

impl Served {
    /// Starts a server with these words and waits until it listens.
    pub(crate) fn starts<A: AsRef<OsStr>>(words: &[A]) -> Served {
        let mut program = Command::new(PROGRAM);
        Self::started(program.args(SERVE).args(words).stdin(Stdio::null()))
    }

    /// The same with something on its standard input.
    pub(crate) fn starts_hearing(words: &[&str], input: impl Into<Stdio>) -> Served {
        let mut program = Command::new(PROGRAM);
        Self::started(program.args(SERVE).args(words).stdin(input))
    }

    /// The same where no file may grow beyond so many blocks of 512 bytes.
    pub(crate) fn starts_where_files_end(words: &[&str], blocks: u32) -> Served {
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &limited, "sh", PROGRAM]);
        Self::started(shell.args(SERVE).args(words).stdin(Stdio::null()))
    }

    /// A program that says where it listens.
    pub(crate) fn started(command: &mut Command) -> Served {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = child.stdout.take().expect("its stdout is ours");
        let mut line = String::new();
        BufReader::new(out)
            .read_line(&mut line)
            .expect("it says where it listens");
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.expect("it says where it listens").to_owned();
        Served { child, address }
    }

    /// The same of a program that says where its pages are too.
    pub(crate) fn started_with_pages(command: &mut Command) -> (Served, String) {
        Self::started_with(command, "pages at http://")
    }

    /// The same of a program that says where cards are asked for too.
    pub(crate) fn started_with_cards(command: &mut Command) -> (Served, String) {
        let (served, cards) = Self::started_with(command, "cards at http://");
        (served, cards.trim_end_matches("/cds-services").to_owned())
    }

    fn started_with(command: &mut Command, before: &str) -> (Served, String) {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = child.stdout.take().expect("its stdout is ours");
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let mut says = |before: &str| {
            let line = lines.next().unwrap_or_default();
            let address = line.strip_prefix(before).map(str::to_owned);
            address.unwrap_or_else(|| panic!("it says `{line}`"))
        };
        let address = says("listening on http://");
        let other = says(before);
        (Served { child, address }, other)
    }

    /// A server that wants no tokens.
    pub(crate) fn open(words: &[&str]) -> Served {
        Self::starts(&[&["--no-auth", "--profile", "open"], words].concat())
    }

    /// The address without `http://`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Sends a request; `None` when the connection closed without a whole answer.
    pub(crate) fn hears(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Heard> {
        let target = target
            .strip_prefix(&format!("http://{}", self.address))
            .unwrap_or(target);
        let at = (self.address.as_str(), self.address.as_str());
        hears(at, (method, target), headers, body)
    }

    /// Sends a request that is answered.
    #[track_caller]
    pub(crate) fn asks(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Heard {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let heard = self.hears(method, target, headers, &body);
        heard.expect("the server answers")
    }

    #[track_caller]
    pub(crate) fn gets(&self, target: &str) -> Heard {
        self.asks("GET", target, &[], &Value::Null)
    }

    #[track_caller]
    pub(crate) fn posts(&self, target: &str, headers: &[(&str, &str)], body: &Value) -> Heard {
        self.asks("POST", target, headers, body)
    }

    /// True when its process has ended of itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child can be asked")
            .is_some()
    }

    /// Tells it to end, and says how long it took to do so well.
    #[track_caller]
    pub(crate) fn ends_when_told(mut self) -> Duration {
        let started = Instant::now();
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(told.expect("kill starts").success());
        let status = self.child.wait().expect("a child ends");
        assert_eq!(status.code(), Some(0), "it ended otherwise");
        started.elapsed()
    }

    /// Kills the server, as a power cut would.
    pub(crate) fn dies(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child ends");
    }
}

/// Sends a request to an address, which it calls by a name; `None` when the connection closed without a
/// whole answer.
pub(crate) fn hears(
    (address, host): (&str, &str),
    (method, target): (&str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Heard> {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let timeout = Some(Duration::from_secs(30));
    stream
        .set_read_timeout(timeout)
        .expect("a timeout can be set");
    let mut request = format!(
        "{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);
    // A server may close before it has read everything; what it said then is what counts.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).expect("answers are UTF-8");
    let (head, text) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let text = if head.contains("transfer-encoding: chunked") {
        joined(text)?
    } else {
        text.to_owned()
    };
    Some(Heard {
        status,
        head: head.to_owned(),
        text,
    })
}

/// The chunks of a body without their lengths; `None` when the last is missing.
fn joined(mut chunks: &str) -> Option<String> {
    let mut whole = String::new();
    loop {
        let (length, rest) = chunks.split_once("\r\n")?;
        let length = usize::from_str_radix(length, 16).ok()?;
        if length == 0 {
            return Some(whole);
        }
        whole.push_str(rest.get(..length)?);
        chunks = rest.get(length..)?.strip_prefix("\r\n")?;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
